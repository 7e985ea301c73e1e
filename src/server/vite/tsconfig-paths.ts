/**
 * Resolves imports such as `#root/x` by the `paths` of tsconfig.json first, as TypeScript and tsx do. Vite asks the `imports` of
 * package.json first, which may lead to a build that does not exist.
 */
import type { DevEnvironment, Rolldown } from 'vite'
import { watchMissing } from './outside-files.ts'
import { loadTsconfigResolver, type ResolveTsconfig } from './tsconfig-resolver.ts'

let vite: string
let resolveTsconfig: Promise<ResolveTsconfig | undefined> | undefined

/** Has tsconfig.json read as the compiler of this copy of Vite does, a path. */
export function readPathsAs(path: string): void {
  vite = path
}

/** For a `resolveId` hook: what `specifier` means by those paths if Vite is to ask them; `undefined` if they lead nowhere. */
export async function resolveByPaths(
  context: Rolldown.PluginContext & { environment: Pick<DevEnvironment, 'config'> },
  specifier: string,
  importer: string | undefined,
): Promise<Rolldown.ResolvedId | undefined> {
  if (importer === undefined) return undefined
  for (const file of await filesByPaths(context.environment, specifier, importer)) {
    const resolved = await context.resolve(file, importer)
    if (resolved) return resolved
  }
  return undefined
}

/** The files that `specifier`, for which Vite has found none, may mean by the paths of the importer's tsconfig.json. They are watched for. */
export async function missedByPaths(
  environment: DevEnvironment,
  specifier: string,
  importer: string,
): Promise<string[]> {
  // JavaScript that its tsconfig.json is not about has the paths, too, when the app is run
  const asked = importer.replace(/\.([cm]?)jsx?$/, '.$1ts')
  // a path for all names says nothing of a package that is missing; what is wrong with a tsconfig.json, Vite has said
  const files = await filesByPaths(environment, specifier, asked, (pattern) => pattern !== '*').catch(() => [])
  for (const file of files) watchMissing(environment, file)
  return files
}

/** The files that `specifier` may mean by those paths of the importer's tsconfig.json that `counts`, best first; none if Vite is not to ask them. */
async function filesByPaths(
  { config }: Pick<DevEnvironment, 'config'>,
  specifier: string,
  importer: string,
  counts = (_pattern: string) => true,
): Promise<string[]> {
  if (!config.resolve.tsconfigPaths || importer.includes('\0') || importer.includes('/node_modules/')) return []
  // without the function the `imports` of package.json count first
  resolveTsconfig ??= loadTsconfigResolver(vite)
  const file = importer.replace(/[?#].*$/, '')
  const paths = (await resolveTsconfig)?.(file)?.tsconfig.compilerOptions?.paths ?? {}
  // as in TypeScript: a pattern without `*` comes first, then the longest prefix
  const patterns = Object.keys(paths)
    .filter(counts)
    .sort((one, other) => weight(other) - weight(one))
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
