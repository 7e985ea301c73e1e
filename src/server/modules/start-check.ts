/** Checks that new code can start, before the process that runs the old code is replaced. */
import { type FlatError, flattenError } from '../../shared/errors.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import type { Feed } from './feed-types.ts'
import { findMissingName } from './link-check.ts'
import { findMissingPackage } from './missing-package.ts'
import { findMissingPackageName } from './package-names.ts'
import type { Records } from './records.ts'

/** The feed of the running process: the next process is likely to load the modules that it has loaded. */
export type Running = Pick<Feed, 'hasWhole' | 'hadFor' | 'isNews' | 'computedBy'>

/** The things that the flags of the app's node leave to be known of its packages. */
export interface PackageRules {
  /** They lie in folders `node_modules`. */
  inFolders: boolean
  /** They are linked as in this process. */
  linkedAlike: boolean
}

/** The graphs that were checked last, of which processes were made: a name that they have imported of a package is there. */
const checked = new WeakMap<Records, Map<ModuleId, ModuleRecord>>()

/**
 * The first transform error in the graph of `entry`, with the `import()`s that `running` has followed, or of `others`. `entry` and
 * `others` are URLs; one of `others` that Vite does not find is no failure, because Node may load it. A package that is missing is one,
 * as far as `rules` allow to say so. If a process is `running`, an import of a name that is not there is one, too. The transforms stay
 * in Vite's cache for the next process.
 */
export async function findFailure(
  records: Promise<Records>,
  entry: string,
  others: readonly string[],
  running: Running | undefined,
  rules: PackageRules,
): Promise<FlatError | undefined> {
  try {
    const source = await records
    const graph = new Map<ModuleId, ModuleRecord>()
    const take = (record: ModuleRecord) => void graph.set(record.id, record)
    const failureOf = async (url: string): Promise<FlatError | undefined> => {
      const found = await source.fetch(url, undefined, () => undefined, take)
      return 'failed' in found ? found.failed[0]?.error : undefined
    }
    const [first, ...errors] = await Promise.all([entry, ...others].map(failureOf))
    const failure =
      first ??
      (rules.inFolders ? findMissingPackage(graph.values()) : undefined) ??
      errors.find((error) => error && error.code !== 'ERR_MODULE_NOT_FOUND') ??
      (running && (await findUnlinked(source, graph, running, rules)))
    if (!failure) noteChecked(source, graph)
    return failure
  } catch (error) {
    return flattenError(error)
  }
}

function noteChecked(source: Records, graph: ReadonlyMap<ModuleId, ModuleRecord>): void {
  const known = checked.get(source) ?? new Map()
  for (const [id, record] of graph) known.set(id, record)
  checked.set(source, known)
}

/** The first failure behind `import()`s, or the first import of a name that is not there. */
async function findUnlinked(
  source: Records,
  graph: Map<ModuleId, ModuleRecord>,
  running: Running,
  { linkedAlike }: PackageRules,
): Promise<FlatError | undefined> {
  const behind = (await findDynamic(source, graph, running))?.error
  if (behind) return behind
  const news = [...graph.values()].filter((record) => running.isNews(record))
  return (
    findMissingName(graph, news) ??
    (linkedAlike ? await findMissingPackageName(news, checked.get(source) ?? new Map()) : undefined)
  )
}

/** The first failure behind `import()`s of modules in `graph`. Adds the modules that they load to `graph`. */
async function findDynamic(
  source: Records,
  graph: Map<ModuleId, ModuleRecord>,
  running: Running,
): Promise<FailedModule | undefined> {
  const computed = new Set(running.computedBy(undefined))
  let recent = [...graph.values()]
  for (let wanted = new Set(computed); ; wanted = new Set()) {
    for (const { id, dynamicDeps } of recent) {
      for (const dep of Object.values(dynamicDeps)) {
        // import('./routes') has loaded routes.ts, then that is deleted, and Vite leaves the specifier as it is written; or it is renamed
        // to routes/index.ts, and the import means that one now
        if (running.hasWhole(dep) || running.hadFor(dep)) wanted.add(dep)
      }
      for (const dep of running.computedBy(id)) {
        wanted.add(dep)
        computed.add(dep)
      }
    }
    const fresh = [...wanted].filter((id) => !graph.has(id))
    if (fresh.length === 0) return undefined
    const { modules, failed } = await source.collect(fresh, (id) => graph.get(id)?.version)
    // a computed import() may have read the file's name from a folder that does not have it any more: then it is no failure
    const failure = failed.find(({ id, error }) => error.code !== 'ERR_MODULE_NOT_FOUND' || !computed.has(id))
    if (failure) return failure
    for (const record of modules) graph.set(record.id, record)
    recent = modules
  }
}
