/** `import.meta.hot`. */
import type { ViteHotContext } from 'vite/types/hot.js'
import type { HMREmitter } from '../../shared/hmr-emitter.ts'
import type { ModuleId } from '../../shared/types.ts'
import type { ViteNodeRunner } from '../vite-node-runner.ts'
import { enqueueChange } from './apply.ts'
import type { HotCallback, HotListener } from './cache.ts'
import { call, notify } from './callbacks.ts'
import { type Engine, getEngine } from './engine.ts'
import { changeOf } from './outcome.ts'
import { sendCustom } from './payloads.ts'
import { dropListeners, removeListeners } from './registrations.ts'

/** `import.meta.hot` of a module: Vite's interface, but `invalidate` returns a promise. */
export interface HotContext extends Omit<ViteHotContext, 'invalidate'> {
  /** Does nothing, as in Vite. */
  decline(): void
  /**
   * Asks the importers to handle the update. Resolves with the modules that were evaluated as a result; at once, with none, when
   * the module itself is still being evaluated. Rejects if the resulting update failed, which has then been reported.
   * @param message a reason for the log
   */
  // biome-ignore lint/suspicious/noExplicitAny: the signature of vite-node/hmr
  invalidate(message?: string): Promise<any[]>
}

/**
 * Makes the hot context of the module `ownerPath` (its key in `runner.moduleCache`), for `ViteNodeRunner`'s option of the same
 * name. Forgets the registrations and listeners of an earlier instance of the module; keeps its `data`.
 * @param runner the runner that executes the module
 * @param emitter emits the custom events that the module sends
 * @param files the entries that a reload executes
 * @param ownerPath the module's key in `runner.moduleCache`
 */
export function createHotContext(
  runner: ViteNodeRunner,
  emitter: HMREmitter,
  files: string[],
  ownerPath: string,
): HotContext {
  const engine = getEngine(runner)
  const { cache, runtime } = engine
  engine.files = files
  const own = ownerPath
  if (!cache.dataMap.has(own)) cache.dataMap.set(own, {})
  cache.hotModulesMap.delete(own)
  dropListeners(cache, own)
  const ownListeners = new Map<string, HotListener[]>()
  cache.ctxToListenersMap.set(own, ownListeners)

  function register(deps: readonly string[], fn: HotCallback['fn'], exports?: readonly string[]): void {
    const hot = cache.hotModulesMap.get(own) ?? { id: own, callbacks: [] }
    const ids = deps.map((dep) => (dep === own ? own : runtime.toId(dep, own)))
    hot.callbacks.push({ deps: ids, fn, ...(exports && { exports }) })
    cache.hotModulesMap.set(own, hot)
  }

  return {
    get data() {
      return cache.dataMap.get(own)
    },

    accept(deps?: unknown, callback?: (modules: never) => void) {
      const fn = callback as HotCallback['fn'] | undefined
      if (deps === undefined || deps === null || deps === false) register([own], () => {})
      else if (typeof deps === 'function') register([own], ([module]) => deps(module))
      else if (typeof deps === 'string')
        register([deps], ([module]) => (fn as ((one: unknown) => unknown) | undefined)?.(module))
      else if (Array.isArray(deps)) register(deps, (modules) => fn?.(modules))
      else
        throw new TypeError(
          `import.meta.hot.accept() takes a callback, a specifier or a list of specifiers, got ${typeof deps}.`,
        )
    },

    acceptExports(names, callback) {
      register([own], ([module]) => callback?.(module), typeof names === 'string' ? [names] : [...names])
    },

    dispose(callback) {
      cache.disposeMap.set(own, callback)
    },

    prune(callback) {
      cache.pruneMap.set(own, callback)
    },

    decline() {},

    invalidate: (message) => invalidate(engine, emitter, own, message),

    on(event: string, listener: HotListener) {
      for (const map of [cache.customListenersMap, ownListeners]) map.set(event, [...(map.get(event) ?? []), listener])
    },

    off(event: string, listener: HotListener) {
      for (const map of [cache.customListenersMap, ownListeners]) removeListeners(map, event, [listener])
    },

    send(event: string, data?: unknown) {
      sendCustom(engine, emitter, event, data)
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the signature of vite-node/hmr
function invalidate(engine: Engine, emitter: HMREmitter, own: ModuleId, message: string | undefined): Promise<any[]> {
  const { runtime, invalidatedSince } = engine
  // one that calls it a second time for one save may do so because of what the first call has led to
  const earlier = invalidatedSince.has(own) ? invalidatedSince : engine.invalidators
  const invalidators = [...[...earlier].filter((id) => id !== own), own]
  invalidatedSince.add(own)
  const path = runtime.toUrl(own)
  const data = { path, message, firstInvalidatedBy: runtime.toUrl(invalidators[0]!) }
  void notify(engine, 'vite:invalidate', data)
  // only for the server's listeners: the update does not depend on it
  void call(engine, 'telling the server of invalidate()', () => sendCustom(engine, emitter, 'vite:invalidate', data))
  engine.log.info(`invalidate ${path}${message ? `: ${message}` : ''}`)

  const done = enqueueChange(engine, { ...changeOf([]), invalidated: own, invalidators }).then(({ modules, error }) => {
    if (error !== undefined) throw error
    return [...modules.values()]
  })
  // most callers do not look at it, and the failure has been reported
  done.catch(() => {})
  // a module that waits for its importers while they wait for it would wait for ever
  return runtime.node(own)?.evaluated ? done : Promise.resolve([])
}
