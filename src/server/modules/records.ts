/**
 * Makes records, which cross the wire, of transformed modules. Vite transforms and caches; this file numbers the results and
 * walks the static graph.
 */
import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { DevEnvironment, EnvironmentModuleNode, TransformResult } from 'vite'
import { flattenError, TetherError } from '../../shared/errors.ts'
import type { Kind } from '../../shared/session/protocol.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { isFilePath, mayMean } from '../../shared/util/file-path.ts'
import { isGone } from '../../shared/util/file-stats.ts'
import { lostModule } from '../../shared/util/lost-module.ts'
import { pack } from '../../shared/util/packed-map.ts'
import { commonJsOf, isMeantForCommonJs } from '../transform/commonjs-files.ts'
import { isAllowed } from '../vite/environment.ts'
import { clockOf } from '../vite/module-clock.ts'
import { watchMissing } from '../vite/outside-files.ts'
import { isImportedByAllowed } from './access.ts'
import { explain, explainTsconfig, isDenied, isMissing } from './load-errors.ts'
import { createLookup, unwrapId } from './lookup.ts'

/** The version of a module that a runner holds, or `undefined`. */
export type Holds = (id: ModuleId) => number | undefined

/** Gets each record as soon as it is made. */
export type Take = (record: ModuleRecord) => void

/** The result of a walk over the static graph. */
export interface Collected {
  modules: ModuleRecord[]
  failed: FailedModule[]
}

/** Records of one environment. */
export interface Records {
  /**
   * Resolves a specifier and gives `take` the records of its static graph that the runner does not hold, in the order in which Vite
   * finishes them. Modules that fail are in `failed`.
   */
  fetch(
    specifier: string,
    importer: ModuleId | undefined,
    holds: Holds,
    take: Take,
    fresh?: boolean,
  ): Promise<{ id: ModuleId; url: string; failed: FailedModule[] } | { external: string }>
  /** The current records of these modules and of the graphs behind new imports, where the runner holds another version or none. */
  collect(ids: Iterable<ModuleId>, holds: Holds): Promise<Collected>
  /** The held modules whose code may have changed with a save of `seeds`: the seeds, and importers that Vite transforms again. */
  affected(seeds: Iterable<ModuleId>, holds: Holds): Set<ModuleId>
  /** Modules with an import that was not found, and that may mean the new `file`. */
  waitingFor(file: string): ModuleId[]
}

/** Records for supervised runners; `attached` has those for attached ones, which get only files that Vite's `server.fs` allows. */
export interface AllRecords extends Records {
  /** Vite's nodes of the modules that wait for the new `file`, and of the file itself if a runner `isOwed` it. */
  nodesFor(file: string, isOwed: boolean): Promise<EnvironmentModuleNode[]>
  /** The id of the module with this URL. */
  idOf(url: string): ModuleId | undefined
  /** The record of what Vite has of a module at this moment; `undefined` from a save on until its code has been transformed. */
  current(id: ModuleId): ModuleRecord | undefined
  /** Has the code made again that Vite has dropped for a save: of the modules behind this URL, and of those behind their `import()`s that had some. */
  refresh(url: string): Promise<void>
  readonly attached: Records
}

/** Version numbers. They outlive Vite's in-process restart, so that the versions that runners hold stay comparable. */
export interface Versions {
  last: number
  latest: Map<ModuleId, ModuleRecord>
}

/** Makes the records of `environment`. */
export function createRecords(
  environment: DevEnvironment,
  versions: Versions = { last: 0, latest: new Map() },
): AllRecords {
  const { moduleGraph } = environment
  const config = environment.getTopLevelConfig()
  const { root } = environment.config
  const lookup = createLookup(environment)
  /** Missing modules: id -> importer. The id of an import without extension has none, because there was no file to resolve it to. */
  const missing = new Map<ModuleId, ModuleId>()
  const byResult = new WeakMap<TransformResult, ModuleRecord>()

  const recordOf = (result: unknown): ModuleRecord | undefined =>
    typeof result === 'object' && result !== null ? byResult.get(result as TransformResult) : undefined

  async function toRecord(node: EnvironmentModuleNode): Promise<ModuleRecord> {
    // nearly every module is known; asking Vite for its cached result would take several ticks
    const known = recordOf(node.transformResult)
    if (known && !isGone(node.file)) return known
    // A file is deleted, then its importer is saved, then 100 ms pass, then its end is told: its code must not run until then
    if (known) moduleGraph.invalidateModule(node)
    for (;;) {
      // a transform that began before a save may answer after it, with the old code: sample the clock of the module around it
      const began = clockOf(node)
      const result = await transform(node)
      if (clockOf(node) !== began) continue
      if (!result) throw new TetherError('ERR_TRANSFORM', `Vite returned no code for ${node.url}.`)
      return byResult.get(result) ?? (await number(node, result))
    }
  }

  async function transform(node: EnvironmentModuleNode): Promise<TransformResult | null> {
    try {
      return await environment.transformRequest(node.url)
    } catch (error) {
      // A file on the deny list that allowed code imports (`./key.pem?raw`) is part of the app. Vite does not check a warm-up, nor a
      // result in its cache, which the second request gets.
      if (!isDenied(error) || !isImportedByAllowed(config, isAllowed, node)) throw error
      await environment.warmupRequest(node.url)
      return environment.transformRequest(node.url)
    }
  }

  async function number(node: EnvironmentModuleNode, result: TransformResult): Promise<ModuleRecord> {
    const id = node.id!
    const commonJs = commonJsOf(environment).get(id)
    const { code, map, deps, dynamicDeps } = commonJs
      ? { ...commonJs, deps: {}, dynamicDeps: {} }
      : {
          code: ownCode(result),
          map: mapOf(node, result),
          deps: await link(node, result.deps),
          dynamicDeps: await link(node, result.dynamicDeps),
        }
    // the ids behind the specifiers count, too: equal code with `/src/a.js` differs if there was no such file before
    const meaning = JSON.stringify([deps, dynamicDeps])
    const hash = createHash('sha256').update(code).update(meaning).digest('base64url').slice(0, 22)
    const file = node.file && isFilePath(node.file) ? node.file : null
    const previous = versions.latest.get(id)
    // equal code with a new map (a comment was added above it) gets a new version, for stack traces, and the same hash, for HMR
    const record: ModuleRecord =
      previous?.hash === hash && previous.map === map
        ? previous
        : {
            ...{ id, url: node.url, file, version: ++versions.last, hash, code, map, deps, dynamicDeps },
            ...(commonJs && { format: 'commonjs' }),
            ...(file !== null && isMeantForCommonJs(file) && { interop: 'compiled' }),
          }
    versions.latest.set(id, record)
    byResult.set(result, record)
    return record
  }

  /** The ids of imports in transformed code. App modules have URLs there, which Vite's import analysis has put into its graph. */
  async function link(importer: EnvironmentModuleNode, specifiers: string[] = []): Promise<Record<string, ModuleId>> {
    const linked: Record<string, ModuleId> = {}
    const { deps, dynamicDeps } = versions.latest.get(importer.id!) ?? {}
    for (const specifier of specifiers) {
      if (specifier.startsWith('.')) {
        // in a server environment Vite leaves a specifier that it cannot resolve as it is
        const id = posix.join(posix.dirname(importer.file ?? root), specifier)
        // A file is renamed, then its new name is told, then this, then its end is told: its code must not stand for it until then.
        const gone = moduleGraph.getModuleById(id)
        if (gone) gone.transformResult = null
        linked[specifier] = id
      } else if (specifier.startsWith('/') || specifier.startsWith('\0')) {
        const url = unwrapId(specifier)
        const node = moduleGraph.urlToModuleMap.get(url) ?? (await moduleGraph.ensureEntryFromUrl(url))
        linked[specifier] = node.id!
      } else {
        const id = lostModule(specifier, importer.file ?? root, Object.values({ ...deps, ...dynamicDeps }))
        if (id !== undefined) linked[specifier] = id
      }
    }
    return linked
  }

  /** Visits `ids` and the modules of their static graphs that the runner lacks. The graph behind a held module is held, too. */
  async function walk(
    kind: Kind,
    ids: Iterable<ModuleId>,
    holds: Holds,
    take: Take,
    from?: ModuleId,
  ): Promise<FailedModule[]> {
    const failed: FailedModule[] = []
    const seen = new Set<ModuleId>()
    const visit = async (id: ModuleId, importer: ModuleId | undefined): Promise<void> => {
      if (seen.has(id)) return
      seen.add(id)
      try {
        // nodeFor() refuses a module before the transform: a transform error would show lines of code that the runner may not have
        const node = await lookup.nodeFor(kind, id)
        const record = await toRecord(node)
        missing.delete(id)
        if (holds(id) === record.version) return
        take(record)
        const lacking = Object.values(record.deps).filter((dep) => holds(dep) === undefined)
        await Promise.all(lacking.map((dep) => visit(dep, id)))
      } catch (error) {
        const url = lookup.urlOf(id)
        if (importer !== undefined && isMissing(error)) {
          missing.set(id, importer)
          watchMissing(environment, id)
        }
        failed.push({ id, url, error: flattenError(explain(config, error, id, importer)) })
      }
    }
    // Vite allows a file outside of its folders once it has analysed an import of it. After a restart it has analysed none, so files
    // that are allowed now come first, and those that their imports allow come after them.
    for (let left = [...ids]; left.length > 0; ) {
      const allowed = left.filter((id) => lookup.mayHave(kind, id))
      const next = allowed.length > 0 ? new Set(allowed) : new Set(left)
      await Promise.all([...next].map((id) => visit(id, from)))
      left = left.filter((id) => !next.has(id))
    }
    return failed
  }

  /** The record of a module whose transform is cached, if only its imports were touched. */
  function cached(node: EnvironmentModuleNode): ModuleRecord | undefined {
    // `invalidationState` is internal to Vite: the previous result of an importer that was invalidated only for a dependency. If
    // Vite renames it, the module is transformed again: the same result, only later.
    const { invalidationState } = node as { invalidationState?: unknown }
    return recordOf(node.transformResult ?? invalidationState)
  }

  const recordsFor = (kind: Kind): Records => ({
    waitingFor(file) {
      return [...missing].flatMap(([id, importer]) => (mayMean(id, file) ? importer : []))
    },

    async fetch(specifier, importer, holds, take, fresh = false) {
      const resolved = await lookup.resolve(kind, specifier, importer).catch((error) => {
        throw explainTsconfig(error)
      })
      if ('external' in resolved) return resolved
      const { id } = resolved
      const lacks: Holds = fresh ? (other) => (other === id ? undefined : holds(other)) : holds
      const failed = await walk(kind, [id], lacks, take, importer)
      return { id, url: lookup.urlOf(id), failed }
    },

    async collect(ids, holds) {
      const modules: ModuleRecord[] = []
      const failed = await walk(kind, ids, holds, (record) => modules.push(record))
      return { modules, failed }
    },

    affected(seeds, holds) {
      const affected = new Set<ModuleId>()
      const seen = new Set<EnvironmentModuleNode>()
      const visit = (node: EnvironmentModuleNode, isSeed: boolean): void => {
        if (seen.has(node)) return
        seen.add(node)
        const held = node.id === null ? undefined : holds(node.id)
        if (held !== undefined && (isSeed || cached(node)?.version !== held)) affected.add(node.id!)
        for (const importer of node.importers) visit(importer, false)
      }
      for (const id of seeds) {
        const node = moduleGraph.getModuleById(id)
        if (node) visit(node, true)
      }
      return affected
    },
  })
  const supervised = recordsFor('supervised')
  return {
    ...supervised,
    attached: recordsFor('attached'),
    idOf: (url) => moduleGraph.urlToModuleMap.get(url)?.id ?? undefined,
    current: (id) => recordOf(moduleGraph.getModuleById(id)?.transformResult),
    async refresh(url) {
      const seen = new Map<ModuleId, ModuleRecord>()
      const holds: Holds = (id) => seen.get(id)?.version
      const take: Take = (record) => void seen.set(record.id, record)
      const hadCode = (id: ModuleId) => {
        const node = moduleGraph.getModuleById(id)
        return node !== undefined && cached(node) !== undefined
      }
      await supervised.fetch(url, undefined, holds, take)
      for (const { dynamicDeps } of seen.values()) {
        const deps = Object.values(dynamicDeps).filter((dep) => !seen.has(dep) && hadCode(dep))
        await walk('supervised', deps, holds, take)
      }
    },
    async nodesFor(file, isOwed) {
      const ids = new Set([...supervised.waitingFor(file), ...(isOwed ? [file] : [])])
      const found = Array.from(ids, (id) => lookup.nodeFor('supervised', id).catch(() => []))
      return (await Promise.all(found)).flat()
    },
  }
}

/** The code without the inline source map: when Vite's own runner fetches a module, Vite appends one to this same object. */
function ownCode({ code }: TransformResult): string {
  return code.replace(/\n\/\/# sourceURL=[^\n]*\n\/\/# sourceMappingSource=vite-generated\n[\s\S]*$/, '').trimEnd()
}

/** The source map, packed. The text of the module's own file is left out, because debuggers read the file. */
function mapOf({ file }: EnvironmentModuleNode, { map }: TransformResult): string | null {
  if (!map || !('version' in map) || !map.mappings) return null
  const isOwn = map.sources.length === 1 && file !== null && posix.basename(file) === map.sources[0]
  return pack(JSON.stringify(isOwn ? { ...map, sourcesContent: undefined } : map))
}
