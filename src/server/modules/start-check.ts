/** Checks that new code can start, before the process that runs the old code is replaced. */
import type { parseSync } from 'vite'
import { type FlatError, flattenError } from '../../shared/errors.ts'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { findAwaited, findDynamic, type Running } from './dynamic-imports.ts'
import { findMissingName } from './link-check.ts'
import { type FilesByPaths, findMissingPackage } from './missing-package.ts'
import { findMissingPackageName } from './package-names.ts'
import type { Records } from './records.ts'

/** The things that the flags of the app's node leave to be known of its packages. */
export interface PackageRules {
  /** They lie in folders `node_modules`. */
  inFolders: boolean
  /** They are linked as in this process. */
  linkedAlike: boolean
}

/** The start that is checked. */
export interface Start {
  /** URL of the app's entry. */
  entry: string
  /** URLs of modules that Node loads: one that Vite does not find is no failure. */
  others: readonly string[]
  /** The process that the new one is to replace. */
  running: Running | undefined
  rules: PackageRules
  /** Vite's. */
  parse: typeof parseSync
  byPaths: FilesByPaths
}

/** The graph of each entry that was checked last, of which a process was made: a name that it has imported of a package is there. */
const checked = new WeakMap<Records, Map<string, ReadonlyMap<ModuleId, ModuleRecord>>>()

/**
 * The first transform error in the graph of the entry, with the `import()`s that the process that runs has followed and those that a
 * new one is sure to follow, or of `others`. A package that is missing is a failure, as far as the rules allow to say so. If a process
 * runs, an import of a name that is not there is one, too. The transforms stay in Vite's cache for the next process.
 */
export async function findFailure(records: Promise<Records>, start: Start): Promise<FlatError | undefined> {
  const { entry, others, running, rules } = start
  try {
    const source = await records
    const graph = new Map<ModuleId, ModuleRecord>()
    const sure = new Map<ModuleId, ModuleRecord>()
    const failureOf = async (url: string): Promise<FlatError | undefined> => {
      const take = (record: ModuleRecord) => {
        graph.set(record.id, record)
        if (url === entry) sure.set(record.id, record)
      }
      const found = await source.fetch(url, undefined, () => undefined, take)
      return 'failed' in found ? found.failed[0]?.error : undefined
    }
    const [first, ...errors] = await Promise.all([entry, ...others].map(failureOf))
    const failure =
      first ??
      (rules.inFolders ? await findMissingPackage(graph.values(), start.byPaths) : undefined) ??
      errors.find((error) => error && error.code !== 'ERR_MODULE_NOT_FOUND') ??
      (running && (await findUnlinked(source, graph, sure, running, start)))
    if (!failure) checked.set(source, (checked.get(source) ?? new Map()).set(entry, graph))
    return failure
  } catch (error) {
    return flattenError(error)
  }
}

/** The first failure behind `import()`s, or the first import of a name that is not there. */
async function findUnlinked(
  source: Records,
  graph: Map<ModuleId, ModuleRecord>,
  sure: Map<ModuleId, ModuleRecord>,
  running: Running,
  start: Start,
): Promise<FlatError | undefined> {
  const { inFolders } = start.rules
  const behind =
    (await findAwaited(source, { graph, sure }, running, { ...start, inFolders })) ??
    (await findDynamic(source, graph, running))
  if (behind) return behind
  const news = [...graph.values()].filter((record) => running.isNews(record))
  const before = checked.get(source)?.get(start.entry) ?? new Map()
  return (
    findMissingName(graph, news) ?? (start.rules.linkedAlike ? await findMissingPackageName(news, before) : undefined)
  )
}
