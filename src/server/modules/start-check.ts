/** Checks that new code can start, before the process that runs the old code is replaced. */
import type { parseSync } from 'vite'
import { type FlatError, flattenError } from '../../shared/errors.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { awaitedImports } from './awaited-imports.ts'
import type { Feed } from './feed-types.ts'
import { findMissingName } from './link-check.ts'
import { findMissingPackage, packageError } from './missing-package.ts'
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
      (rules.inFolders ? findMissingPackage(graph.values()) : undefined) ??
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
  const behind = (await findAwaited(source, graph, sure, running, start)) ?? (await findDynamic(source, graph, running))
  if (behind) return behind
  const news = [...graph.values()].filter((record) => running.isNews(record))
  const before = checked.get(source)?.get(start.entry) ?? new Map()
  return (
    findMissingName(graph, news) ?? (start.rules.linkedAlike ? await findMissingPackageName(news, before) : undefined)
  )
}

/** The first failure behind `import()`s of modules in `graph`. Adds the modules that they load to `graph`. */
async function findDynamic(
  source: Records,
  graph: Map<ModuleId, ModuleRecord>,
  running: Running,
): Promise<FlatError | undefined> {
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
    if (failure) return failure.error
    for (const record of modules) graph.set(record.id, record)
    recent = modules
  }
}

/**
 * The first failure of an `import()` that new code is sure to await. `sure` are the modules which the start evaluates for sure; those that
 * they load like that are added to it, and to `graph`.
 */
async function findAwaited(
  source: Records,
  graph: Map<ModuleId, ModuleRecord>,
  sure: Map<ModuleId, ModuleRecord>,
  running: Running,
  { parse, rules }: Start,
): Promise<FlatError | undefined> {
  const late = new Set<ModuleId>()
  for (const importer of sure.values()) {
    if (importer.format === 'commonjs') continue
    for (const { specifier, isPrepared } of awaitedImports(importer.code, parse)) {
      const fresh: ModuleRecord[] = []
      const found = await source.fetch(
        specifier,
        importer.id,
        (id) => sure.get(id)?.version,
        (record) => fresh.push(record),
      )
      const isLate = isPrepared || late.has(importer.id)
      for (const record of fresh) {
        graph.set(record.id, record)
        sure.set(record.id, record)
        if (isLate) late.add(record.id)
      }
      const ofPackage = () =>
        rules.inFolders && importer.file !== null ? packageError(specifier, importer.file) : undefined
      // code may make a file first, and then import it
      const isFatal = ({ error }: FailedModule) => !isLate || error.code !== 'ERR_MODULE_NOT_FOUND'
      const error =
        ('external' in found ? ofPackage() : found.failed.find(isFatal)?.error) ??
        (rules.inFolders ? findMissingPackage(fresh) : undefined)
      if (error && running.isNews(importer)) return error
    }
  }
  return undefined
}
