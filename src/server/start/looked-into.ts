/**
 * Notes where the resolution of an import looks: all folders that could have a nearer file, whether they exist or not. More than Vite
 * looks into is no fault; where this cannot say which, nothing is kept.
 */
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import type { Inputs } from './inputs.ts'

const MAINS = ['main', 'module', 'browser', 'jsnext:main', 'jsnext']

/** Options of a tsconfig.json about imports; `paths` and `baseUrl` are absolute. */
export interface ImportSettings {
  paths: Record<string, string[]>
  baseUrl: string | undefined
}

/** The settings for the imports of a file. */
export type SettingsOf = (file: string) => ImportSettings

/** Notes what decides about `specifier` in the file `importer`. Called before it is resolved. */
export function lookInto(
  inputs: Inputs,
  written: string,
  importer: string,
  root: string,
  settingsOf: SettingsOf,
): void {
  const specifier = written.replace(/[?#].*$/s, '') || written
  if (isBuiltin(specifier) || specifier.includes('\0') || /^[a-z][a-z\d+.-]+:/i.test(specifier)) return
  if (specifier.startsWith('/')) {
    notePath(inputs, specifier)
    notePath(inputs, posix.join(root, specifier))
    return
  }
  const folder = posix.dirname(importer)
  if (specifier.startsWith('.')) {
    notePath(inputs, posix.join(folder, specifier))
    return
  }
  // as Vite: a bare name may be a path below the root, or of the importer's folder in an environment for browsers
  const { paths, baseUrl } = settingsOf(importer)
  for (const path of targets(paths, specifier)) notePath(inputs, path)
  if (baseUrl !== undefined) notePath(inputs, posix.join(baseUrl, specifier))
  if (specifier.startsWith('#')) noteOwnImports(inputs, folder, specifier)
  else notePackage(inputs, folder, specifier)
}

/** A path that an import may mean, as it is or with something behind it. */
function notePath(inputs: Inputs, path: string): void {
  inputs.folder(posix.dirname(path))
  inputs.folder(path)
  inputs.file(posix.join(path, 'package.json'))
  if (inputs.hasFolder(path)) noteTargets(inputs, path, '')
}

/** The `imports` of the nearest package.json. */
function noteOwnImports(inputs: Inputs, folder: string, specifier: string): void {
  for (let at = folder; ; at = posix.dirname(at)) {
    inputs.file(posix.join(at, 'package.json'))
    if (inputs.link(posix.join(at, 'package.json')) !== null) {
      noteTargets(inputs, at, specifier)
      return
    }
    if (at === posix.dirname(at)) return
  }
}

/** A package: the first one of that name in the folders above. */
function notePackage(inputs: Inputs, folder: string, specifier: string): void {
  const [, name = specifier] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier) ?? []
  for (let at = folder; ; at = posix.dirname(at)) {
    // a package may import itself by its name
    noteTargets(inputs, at, `.${specifier.slice(name.length)}`, name)
    if (posix.basename(at) !== 'node_modules') {
      const real = inputs.link(posix.join(at, 'node_modules', name))
      if (real !== null) {
        noteInstalled(inputs, real, specifier.slice(name.length))
        return
      }
    }
    if (at === posix.dirname(at)) return
  }
}

function noteInstalled(inputs: Inputs, real: string, rest: string): void {
  inputs.file(posix.join(real, 'package.json'))
  // what is in such a folder changes with the files of the package manager
  if (real.includes('/node_modules/')) return
  if (rest !== '') notePath(inputs, real + rest)
  noteTargets(inputs, real, `.${rest}`)
}

/** All files to which the package.json of `folder` may lead for `specifier`; with `name` only if that is the package's. */
function noteTargets(inputs: Inputs, folder: string, specifier: string, name?: string): void {
  const manifest = read(posix.join(folder, 'package.json'))
  if (!manifest || (name !== undefined && manifest.name !== name)) return
  const { exports, imports, ...fields } = manifest
  const main = { '.': MAINS.map((field) => fields[field]) }
  const maps = specifier.startsWith('#') ? [imports] : [exports, main]
  for (const map of maps) {
    for (const path of targets(asPatterns(map), specifier === '' ? '.' : specifier)) {
      if (path.startsWith('.') || map !== imports) {
        const target = posix.join(folder, path)
        inputs.folder(posix.dirname(target))
        inputs.folder(target)
      } else if (!path.startsWith('#')) notePackage(inputs, folder, path)
    }
  }
}

/** `exports` in any of its forms as pattern -> all paths in it, whatever their condition. */
function asPatterns(map: unknown): Record<string, string[]> {
  const isByPath =
    typeof map === 'object' && map !== null && !Array.isArray(map) && Object.keys(map).every((key) => /^[.#]/.test(key))
  const patterns = isByPath ? (map as Record<string, unknown>) : { '.': map }
  return Object.fromEntries(Object.entries(patterns).map(([pattern, leaves]) => [pattern, [...leavesOf(leaves)]]))
}

function* leavesOf(value: unknown): Iterable<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* leavesOf(each)
}

/** The paths of all patterns that match, the best one and the others. */
function targets(patterns: Record<string, readonly string[]>, specifier: string): string[] {
  return Object.entries(patterns).flatMap(([pattern, paths]) => {
    const [start = '', end] = pattern.split('*')
    if (end === undefined) return pattern === specifier ? paths : []
    const isMatch = specifier.startsWith(start) && specifier.endsWith(end) && specifier.length >= pattern.length - 1
    const star = specifier.slice(start.length, specifier.length - end.length)
    return isMatch ? paths.map((path) => path.replaceAll('*', () => star)) : []
  })
}

function read(file: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
