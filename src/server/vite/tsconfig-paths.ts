/**
 * Resolves imports such as `#root/x` by the `paths` of tsconfig.json first, as TypeScript and tsx do. Vite asks the `imports` of
 * package.json first, which may lead to a build that does not exist.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Function of Vite's compiler that reads the tsconfig.json a file belongs to. Its `paths` are absolute. */
type ResolveTsconfig = (file: string) => { tsconfig: { compilerOptions?: { paths?: Record<string, string[]> } } } | null

let resolveTsconfig: Promise<ResolveTsconfig | undefined> | undefined

/** The files that `specifier` may mean by the paths of the importer's tsconfig.json, best first. `vite` is the server's package. */
export async function filesByPaths(specifier: string, importer: string, vite: string): Promise<string[]> {
  if (importer.includes('\0') || importer.includes('/node_modules/')) return []
  resolveTsconfig ??= load(vite)
  const file = importer.replace(/[?#].*$/, '')
  const paths = (await resolveTsconfig)?.(file)?.tsconfig.compilerOptions?.paths ?? {}
  // as in TypeScript: a pattern without `*` comes first, then the longest prefix
  const patterns = Object.keys(paths).sort((one, other) => weight(other) - weight(one))
  for (const pattern of patterns) {
    const matched = match(pattern, specifier)
    if (matched !== undefined) return paths[pattern]!.map((target) => target.replace('*', () => matched))
  }
  return []
}

/** The text that stands for the `*` of a pattern, `undefined` if it does not match. */
function match(pattern: string, specifier: string): string | undefined {
  const [start = '', end] = pattern.split('*')
  if (end === undefined) return pattern === specifier ? '' : undefined
  const isMatch =
    specifier.length >= start.length + end.length && specifier.startsWith(start) && specifier.endsWith(end)
  return isMatch ? specifier.slice(start.length, specifier.length - end.length) : undefined
}

function weight(pattern: string): number {
  const star = pattern.indexOf('*')
  return star < 0 ? Number.POSITIVE_INFINITY : star
}

/** Vite's own compiler is a package of Vite's, not of ours. */
async function load(vite: string): Promise<ResolveTsconfig | undefined> {
  try {
    const compiler = pathToFileURL(createRequire(join(vite, 'package.json')).resolve('rolldown/experimental')).href
    return ((await import(compiler)) as { resolveTsconfig?: ResolveTsconfig }).resolveTsconfig
  } catch {
    // a version of Vite without this function: `imports` of package.json count first
    return undefined
  }
}
