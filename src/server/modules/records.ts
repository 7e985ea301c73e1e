/**
 * Transformed modules as records: what crosses the wire. Vite transforms and caches; this file numbers the results and walks
 * the static graph.
 */
import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { DevEnvironment, EnvironmentModuleNode, TransformResult } from 'vite'
import { flattenError, TetherError } from '../../shared/errors.ts'
import type { Kind } from '../../shared/session/protocol.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { importName, isFilePath } from '../../shared/util/file-path.ts'
import { pack } from '../../shared/util/packed-map.ts'
import { commonJsOf, isMeantForCommonJs } from '../transform/commonjs-files.ts'
import { isAllowed } from '../vite/environment.ts'
import { clockOf } from '../vite/module-clock.ts'
import { watchMissing } from '../vite/outside-files.ts'
import { isImportedByAllowed } from './access.ts'
import { explain, isDenied, isMissing } from './load-errors.ts'
import { createLookup, unwrapId } from './lookup.ts'

/** The version of a module that a runner holds, or `undefined`. */
export type Holds = (id: ModuleId) => number | undefined

/** Gets each record as soon as there is one. */
export type Take = (record: ModuleRecord) => void

/** What a walk over the static graph found. */
export interface Collected {
  modules: ModuleRecord[]
  failed: FailedModule[]
}

/** Records of one environment. */
export interface Records {
  /**
   * Resolves a specifier and gives `take` the static graph behind it, as far as the runner does not hold it, in the order in
   * which Vite is done with it. Throws if it does not resolve.
   */
  fetch(
    specifier: string,
    importer: ModuleId | undefined,
    holds: Holds,
    take: Take,
    fresh?: boolean,
  ): Promise<{ id: ModuleId; url: string; failed: FailedModule[] } | { external: string }>
  /** The current code of these modules, and the static graphs behind new imports, where it differs from what the runner holds. */
  collect(ids: Iterable<ModuleId>, holds: Holds): Promise<Collected>
  /** The held modules whose code may have changed when these were invalidated: they and their importers. */
  affected(seeds: Iterable<ModuleId>, holds: Holds): Set<ModuleId>
  /** Modules with an import that found nothing and may find the new `file`. */
  waitingFor(file: string): ModuleId[]
}

/** Records for supervised runners, and for attached ones, who get what Vite's `server.fs` allows. */
export interface AllRecords extends Records {
  /** Vite's nodes of those that wait for the new `file`, and of the file itself if a runner `isOwed` it. */
  nodesFor(file: string, isOwed: boolean): Promise<EnvironmentModuleNode[]>
  readonly attached: Records
}

/** Numbers that outlive Vite's in-process restart, so that what runners hold stays comparable. */
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
  /** Ids that do not exist -> who imports them. An id lacks the extension that nothing has told Vite. */
  const missing = new Map<ModuleId, ModuleId>()
  const byResult = new WeakMap<TransformResult, ModuleRecord>()

  const recordOf = (result: unknown): ModuleRecord | undefined =>
    typeof result === 'object' && result !== null ? byResult.get(result as TransformResult) : undefined

  async function toRecord(node: EnvironmentModuleNode): Promise<ModuleRecord> {
    // all but what is new; Vite takes several ticks to say so
    const known = recordOf(node.transformResult)
    if (known) return known
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
      // part of the app although it is on the deny list (`./key.pem?raw`): Vite checks neither these requests nor its cache
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
    // the same code is another module's when its specifiers mean others: `/src/a.js` may have meant nothing before
    const meaning = JSON.stringify([deps, dynamicDeps])
    const hash = createHash('sha256').update(code).update(meaning).digest('base64url').slice(0, 22)
    const file = node.file && isFilePath(node.file) ? node.file : null
    const previous = versions.latest.get(id)
    // equal code may come with a new map (a comment above the code): a new version for stack traces, not a difference for HMR
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

  /** Specifiers of app modules in transformed code are URLs that Vite's import analysis has entered into its graph. */
  async function link(importer: EnvironmentModuleNode, specifiers: string[] = []): Promise<Record<string, ModuleId>> {
    const linked: Record<string, ModuleId> = {}
    for (const specifier of specifiers) {
      if (specifier.startsWith('.')) {
        // for a server environment Vite leaves what it cannot resolve as it stands
        linked[specifier] = posix.join(posix.dirname(importer.file ?? root), specifier)
      } else if (specifier.startsWith('/') || specifier.startsWith('\0')) {
        const url = unwrapId(specifier)
        const node = moduleGraph.urlToModuleMap.get(url) ?? (await moduleGraph.ensureEntryFromUrl(url))
        linked[specifier] = node.id!
      }
    }
    return linked
  }

  /** Visits `ids` and what the runner lacks of the static graph behind them; what it holds has brought its own graph along. */
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
        // it refuses before the transform: what that says of an error shows the code
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
    // Vite allows a file outside of its folders when it has analysed an import of it, and after a restart it has analysed
    // none: those whose importers are among the others come behind them
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
    // `invalidationState` is internal to Vite: the previous result when an importer is merely in the way of an update. Without
    // it the module is asked for again, which gives the same answer later.
    const { invalidationState } = node as { invalidationState?: unknown }
    return recordOf(node.transformResult ?? invalidationState)
  }

  const recordsFor = (kind: Kind): Records => ({
    waitingFor(file) {
      const isSame = (id: ModuleId) => [file, importName(file)].some((path) => path === id || path === importName(id))
      return [...missing].flatMap(([id, importer]) => (isSame(id) ? importer : []))
    },

    async fetch(specifier, importer, holds, take, fresh = false) {
      const resolved = await lookup.resolve(kind, specifier, importer)
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
    async nodesFor(file, isOwed) {
      const ids = new Set([...supervised.waitingFor(file), ...(isOwed ? [file] : [])])
      const found = Array.from(ids, (id) => lookup.nodeFor('supervised', id).catch(() => []))
      return (await Promise.all(found)).flat()
    },
  }
}

/** Without the source map that Vite appends for a runner in this process, to this very object. */
function ownCode({ code }: TransformResult): string {
  return code.replace(/\n\/\/# sourceURL=[^\n]*\n\/\/# sourceMappingSource=vite-generated\n[\s\S]*$/, '').trimEnd()
}

/** The source map, packed. The text of the module's own file is left out: whoever needs it has the file. */
function mapOf({ file }: EnvironmentModuleNode, { map }: TransformResult): string | null {
  if (!map || !('version' in map) || !map.mappings) return null
  const isOwn = map.sources.length === 1 && file !== null && posix.basename(file) === map.sources[0]
  return pack(JSON.stringify(isOwn ? { ...map, sourcesContent: undefined } : map))
}
