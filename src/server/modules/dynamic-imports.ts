/** Checks the `import()`s that a new process is going to follow, before the one that runs is replaced. */
import type { parseSync } from 'vite'
import type { FlatError } from '../../shared/errors.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { awaitedImports } from './awaited-imports.ts'
import type { Feed } from './feed-types.ts'
import { type FilesByPaths, findMissingPackage, packageError } from './missing-package.ts'
import type { Records } from './records.ts'

/** The feed of the running process: the next process is likely to load the modules that it has loaded. */
export type Running = Pick<Feed, 'hasWhole' | 'hadFor' | 'isNews' | 'computedBy'>

/** The things that tell whether an awaited import fails. */
export interface AwaitedRules {
  /** Vite's. */
  parse: typeof parseSync
  /** The packages lie in folders `node_modules`. */
  inFolders: boolean
  byPaths: FilesByPaths
}

/** The first failure behind `import()`s of modules in `graph`. Adds the modules that they load to `graph`. */
export async function findDynamic(
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
export async function findAwaited(
  source: Records,
  { graph, sure }: Record<'graph' | 'sure', Map<ModuleId, ModuleRecord>>,
  running: Running,
  { parse, inFolders, byPaths }: AwaitedRules,
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
      // code may make a file first, and then import it
      const paths: FilesByPaths = isLate ? async () => [] : byPaths
      const isFatal = ({ error }: FailedModule) => !isLate || error.code !== 'ERR_MODULE_NOT_FOUND'
      const ofPackage = async () =>
        inFolders && importer.file !== null ? packageError(specifier, importer.file, paths) : undefined
      const error =
        ('external' in found ? await ofPackage() : found.failed.find(isFatal)?.error) ??
        (inFolders ? await findMissingPackage(fresh, paths) : undefined)
      if (error && running.isNews(importer)) return error
    }
  }
  return undefined
}
