/** Notes the files that a tsconfig.json goes on in: those that it extends, and the projects that it refers to. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import type { Inputs } from './inputs.ts'

/** Notes all of it for the tsconfig.json of `folder` and of each folder above. */
export function noteTsconfigs(inputs: Inputs, folder: string, seen: Set<string>): void {
  for (let at = folder; !seen.has(at); at = posix.dirname(at)) {
    seen.add(at)
    follow(inputs, posix.join(at, 'tsconfig.json'), seen)
  }
}

function follow(inputs: Inputs, file: string, seen: Set<string>): void {
  if (seen.has(file)) return
  seen.add(file)
  inputs.file(file)
  if (inputs.link(file) === null) return
  let config: { extends?: unknown; references?: unknown }
  try {
    config = parse(readFileSync(file, 'utf8'))
  } catch {
    inputs.doubted(`${file} cannot be read`)
    return
  }
  const folder = posix.dirname(file)
  for (const each of [config.extends ?? []].flat()) followOne(inputs, folder, String(each), seen)
  for (const each of [config.references ?? []].flat() as { path?: unknown }[]) {
    followOne(inputs, folder, posix.resolve(folder, String(each?.path ?? '')), seen)
  }
}

function followOne(inputs: Inputs, folder: string, specifier: string, seen: Set<string>): void {
  const isPath = /^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..'
  const places = isPath ? [posix.resolve(folder, specifier)] : installed(inputs, folder, specifier)
  for (const place of places) {
    const files = [place, `${place}.json`, posix.join(place, 'tsconfig.json')]
    for (const file of [...files, posix.join(place, 'package.json')]) inputs.file(file)
    const found = files.find((file) => isFile(file))
    if (found !== undefined) {
      follow(inputs, found, seen)
      return
    }
  }
  inputs.doubted(`${specifier}, which a tsconfig.json in ${folder} extends, is not found`)
}

function installed(inputs: Inputs, folder: string, specifier: string): string[] {
  const places: string[] = []
  for (let at = folder; ; at = posix.dirname(at)) {
    const place = posix.join(at, 'node_modules', specifier)
    inputs.link(place)
    places.push(place)
    if (at === posix.dirname(at)) return places
  }
}

function isFile(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

/** JSON with comments and commas too many. Strings are left as they are. */
function parse(text: string): { extends?: unknown; references?: unknown } {
  const bare = text
    .replace(/^\uFEFF/, '')
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string?: string) => string ?? '')
    .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g, (_, string?: string) => string ?? '')
  return bare.trim() === '' ? {} : (JSON.parse(bare) as object)
}
