/** Where things lie, seen from `bench/dist`. */
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** The repository. */
export const ROOT = resolve(import.meta.dirname, '../..')

/** The folder of the benchmarks. */
export const BENCH = join(ROOT, 'bench')

/** A program of ours that runs as a process of its own. */
export const child = (name: string): string => join(BENCH, 'dist/children', `${name}.js`)

const require = createRequire(join(BENCH, 'package.json'))

/** The folder of an installed package. */
export function packageFolder(name: string): string {
  for (const path of require.resolve.paths(name) ?? []) {
    try {
      return dirname(require.resolve(join(path, name, 'package.json')))
    } catch {
      // not in this node_modules
    }
  }
  throw new Error(`${name} is not installed; run npm ci`)
}

/** The script behind a package's command. */
export function command(name: string, file: string): string {
  return join(packageFolder(name), file)
}

/** Version of a package. */
export function versionOf(name: string): string {
  try {
    return require(join(packageFolder(name), 'package.json')).version
  } catch {
    return '(not installed)'
  }
}
