/**
 * The way in which the modules of a plain runner get each other. vite-node knows cycles by the chain of static imports alone: where two `import()`s
 * enter a cycle at different places each waits for the other for ever, and a late `import()` of a module further up its chain
 * gets that one while it is still being evaluated.
 */

import type { ModuleId } from '../../../shared/types.ts'
import type { ModuleNamespace } from '../../module-types.ts'
import type { ViteNodeModules, ViteNodeRunner } from '../../vite-node-runner.ts'

/** An entry of vite-node's cache. Applications' modules have code; externals have exports only. */
export type Entry = ReturnType<ViteNodeModules['getByModuleId']>

/** A method of vite-node's runner that its types leave out. */
interface Internals {
  cachedRequest(id: string, fsPath: string, callstack: ModuleId[]): Promise<ModuleNamespace>
}

/** The evaluations of one runner. */
export interface ModuleRequests {
  /** Imports a module, evaluating it if it has no instance. `id` is what the server is asked for, `fsPath` becomes the cache's key. */
  request(id: string, fsPath: string): Promise<ModuleNamespace>
  isRunning(entry: Entry): boolean
  hasFailed(entry: Pick<Entry, 'promise'>): boolean
  /** Takes note of the failures of evaluations that vite-node had begun before. */
  noteFailures(): Promise<void>
}

/** Decides from now on which imports of `runner` wait for an evaluation under way. vite-node still evaluates. */
export function takeRequests(runner: ViteNodeRunner): ModuleRequests {
  const internals = runner as unknown as Internals
  const { moduleCache } = runner
  const cachedRequest = internals.cachedRequest
  const failed = new WeakSet<Promise<unknown>>()
  /** Promises of evaluations whose failure is noted. */
  const watched = new WeakSet<Promise<unknown>>()
  /** Modules under way -> those that they wait for. */
  const waits = new WeakMap<Entry, Set<Entry>>()

  const hasFailed = ({ promise }: Pick<Entry, 'promise'>): boolean => promise !== undefined && failed.has(promise)
  const isRunning = (entry: Entry): boolean =>
    entry.promise !== undefined && entry.evaluated !== true && !hasFailed(entry)

  function watch(promise: Promise<unknown> | undefined): void {
    if (!promise || watched.has(promise)) return
    watched.add(promise)
    promise.then(undefined, () => failed.add(promise))
  }

  /** `true` if `entry` cannot go on before `other` has been evaluated. */
  function isWaitingFor(entry: Entry, other: Entry): boolean {
    const seen = new Set([entry])
    for (const each of seen) {
      if (each === other) return true
      for (const next of waits.get(each) ?? []) seen.add(next)
    }
    return false
  }

  function evaluate(entry: Entry, id: string, fsPath: string, callstack: ModuleId[]): Promise<ModuleNamespace> {
    const evaluated = cachedRequest.call(runner, id, fsPath, callstack)
    watch(entry.promise)
    return evaluated
  }

  async function request(id: string, fsPath: string, callstack: ModuleId[] = []): Promise<ModuleNamespace> {
    const moduleId = moduleCache.normalizePath(fsPath)
    const entry = moduleCache.getByModuleId(moduleId)
    const importerId = callstack.at(-1)
    if (importerId !== undefined) entry.importers.add(importerId)
    const importer = importerId !== undefined && moduleCache.has(importerId) && moduleCache.getByModuleId(importerId)
    if (!importer || !isRunning(importer)) {
      // nothing waits for an importer that has been evaluated: its import() begins a chain of its own
      return entry.promise ?? evaluate(entry, id, fsPath, callstack.slice(-1))
    }
    // the chain tells of waits that are older than this record of them
    const isCycle = isRunning(entry) && (callstack.includes(moduleId) || isWaitingFor(entry, importer))
    if (isCycle && entry.exports) return entry.exports
    const waitsFor = waits.get(importer) ?? new Set()
    waits.set(importer, waitsFor.add(entry))
    try {
      return await (entry.promise ?? evaluate(entry, id, fsPath, callstack))
    } finally {
      waitsFor.delete(entry)
    }
  }

  internals.cachedRequest = request
  return {
    request,
    isRunning,
    hasFailed,
    async noteFailures() {
      for (const { promise } of moduleCache.values()) watch(promise)
      await null
    },
  }
}
