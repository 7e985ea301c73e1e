/**
 * Finds out why an installed package cannot be imported: it is not built, or its package.json is broken. Asks as Node does, but takes
 * any condition for one that Node may have been given.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { statOf } from '../../shared/util/file-stats.ts'

/** The value in package.json for one subpath: a file, conditions, alternatives. */
type Target = string | null | readonly Target[] | { readonly [condition: string]: Target }

/** Conditions that an import under Node never has. */
const OTHERS = /^(?:types|require|browser|deno|bun|worker|react-native)(?:@|$)/

/** Why an import of `subpath` (`.` or `./part`) of the package in `folder` fails; `undefined` if Node may find it. */
export function entryFault(folder: string, subpath: string): string | undefined {
  let manifest: { main?: unknown; exports?: Target }
  const path = join(folder, 'package.json')
  try {
    manifest = statOf(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  } catch (error) {
    return `${path} cannot be read: ${(error as Error).message}`
  }
  const { main, exports } = manifest
  const wanted =
    exports !== undefined && exports !== null
      ? filesOf(targetOf(exports, subpath))
      : [subpath !== '.' ? subpath : typeof main === 'string' && main !== '' ? main : 'index.js']
  if (wanted.length === 0) return `${path} has no "exports" for '${subpath}'`
  const isThere = (file: string) => (exports ? statOf(join(folder, file))?.isFile() : isLoosely(join(folder, file)))
  // Node takes index.js where "main" names nothing
  if (wanted.some(isThere) || (!exports && subpath === '.' && isLoosely(join(folder, 'index')))) return undefined
  return `${join(folder, wanted[0]!)} does not exist`
}

/** The value in "exports" for a subpath. */
function targetOf(exports: Target, subpath: string): Target {
  const isMap = typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key[0] === '.')
  if (!isMap) return subpath === '.' ? exports : null
  const map = exports as Record<string, Target>
  if (Object.hasOwn(map, subpath)) return map[subpath]!
  const patterns = Object.keys(map).sort((a, b) => b.indexOf('*') - a.indexOf('*'))
  for (const key of patterns) {
    const [before, after] = key.split('*')
    if (after === undefined || !subpath.startsWith(before!) || !subpath.endsWith(after)) continue
    const part = subpath.slice(before!.length, subpath.length - after.length)
    return JSON.parse(JSON.stringify(map[key]).replaceAll('*', () => JSON.stringify(part).slice(1, -1)))
  }
  return null
}

/** All files of a target that Node may take. */
function filesOf(target: Target): string[] {
  if (typeof target === 'string') return [target]
  if (target === null || typeof target !== 'object') return []
  if (Array.isArray(target)) return target.flatMap(filesOf)
  return Object.entries(target).flatMap(([condition, each]) => (OTHERS.test(condition) ? [] : filesOf(each)))
}

/** `true` if there is this file or folder, or a file of its name with any extension. */
function isLoosely(path: string): boolean {
  if (statOf(path)) return true
  try {
    return readdirSync(dirname(path)).some((name) => name.startsWith(`${basename(path)}.`))
  } catch {
    return false
  }
}
