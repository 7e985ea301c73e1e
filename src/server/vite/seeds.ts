/** Records which modules Vite updates, by wrapping functions that it calls. Its watcher, hooks and `updateModules` stay untouched. */
import type { DevEnvironment, EnvironmentModuleNode, HotPayload } from 'vite'
import { isAddedTo } from './added-files.ts'

/**
 * Calls `onSeeds` once for each update of the environment: with the modules, and the `update` or `full-reload` that Vite sends
 * for them (`undefined` if it sends none, as for a module that it has never analysed). If `onSeeds` returns true, that payload is
 * not sent on. All other payloads pass. If a plugin invalidates modules and sends a payload of its own right after, it takes care
 * of them itself, and they are no seeds.
 */
export function recordSeeds(
  environment: DevEnvironment,
  onSeeds: (seeds: EnvironmentModuleNode[], payload: HotPayload | undefined) => boolean,
): void {
  const { moduleGraph, hot } = environment
  let seeds = new Set<EnvironmentModuleNode>()
  /** The seeds of this tick: a plugin's payload in the same tick is about them. */
  const fresh = new Set<EnvironmentModuleNode>()
  /** Modules that have had code. A node without may be a mere file: a plugin has added it (`addWatchFile`) to its importers. */
  const transformed = new WeakSet<EnvironmentModuleNode>()
  /** URLs of modules for which a transform was requested: no mere files, even if the transform failed. */
  const requested = new Set<string>()
  let nested = false
  /** The file of the module with which the invalidation under way began. */
  let file: string | null = null

  function deliver(payload: HotPayload | undefined): boolean {
    if (seeds.size === 0) return false
    const modules = [...seeds].flatMap((seed) => (isMereFile(seed) ? [seed, ...seed.importers] : [seed]))
    seeds = new Set()
    return onSeeds([...new Set(modules)], payload)
  }

  function isMereFile(module: EnvironmentModuleNode): boolean {
    // Vite sets the flag when it analyses a module, and at once for a mere file
    return module.isSelfAccepting !== undefined && !transformed.has(module) && !requested.has(module.url)
  }

  const transformRequest = environment.transformRequest
  environment.transformRequest = function (url, ...rest) {
    requested.add(url)
    return transformRequest.call(this, url, ...rest)
  }

  const invalidateModule = moduleGraph.invalidateModule
  moduleGraph.invalidateModule = function (module, seen, timestamp, isHmr, isSoft) {
    if (module.transformResult) transformed.add(module)
    if (isHmr && !nested) record(module)
    // invalidateModule calls itself for each importer: only the outermost call is a seed
    const outer = nested
    nested = true
    if (!outer) file = module.file
    try {
      // A soft invalidation keeps an importer's code. If a plugin also made that code from the file's text, it must go.
      invalidateModule.call(this, module, seen, timestamp, isHmr, isSoft && !isAddedTo(module, file))
    } finally {
      nested = outer
    }
  }

  function record(module: EnvironmentModuleNode): void {
    if (fresh.size === 0) queueMicrotask(() => fresh.clear())
    // an immediate, not a microtask: a plugin's hook invalidates, then Vite's own update invalidates more, and both are one update
    if (seeds.size === 0) setImmediate(deliver, undefined)
    fresh.add(module)
    seeds.add(module)
  }

  const send = hot.send as (...args: unknown[]) => void
  hot.send = (...args: unknown[]) => {
    const payload = args[0] as HotPayload | string
    if (typeof payload === 'object' && isOfVite(payload)) {
      if (deliver(payload)) return
    } else {
      for (const module of fresh) seeds.delete(module)
      fresh.clear()
    }
    send.apply(hot, args)
  }
}

/** `true` for a payload of Vite's `updateModules`. A full reload of a plugin has no `triggeredBy`. */
function isOfVite(payload: HotPayload): boolean {
  return payload.type === 'update' || (payload.type === 'full-reload' && payload.triggeredBy !== undefined)
}
