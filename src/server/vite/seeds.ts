/** Which modules Vite was asked to update, read off the calls it makes: its watcher, hooks and `updateModules` stay untouched. */
import type { DevEnvironment, EnvironmentModuleNode, HotPayload } from 'vite'
import { isAddedTo } from './added-files.ts'

/**
 * Calls `onSeeds` once for each update of the environment: with the modules, and the `update` or `full-reload` that Vite sends
 * for them (`undefined` when it sends nothing: it leaves out a module that it never got to analyse). If `onSeeds` returns true,
 * that payload is not sent on. All other payloads pass through; one that a plugin sends right after it has invalidated modules
 * itself means that the plugin takes care of them.
 */
export function recordSeeds(
  environment: DevEnvironment,
  onSeeds: (seeds: EnvironmentModuleNode[], payload: HotPayload | undefined) => boolean,
): void {
  const { moduleGraph, hot } = environment
  let seeds = new Set<EnvironmentModuleNode>()
  /** The seeds of this tick. Only what follows them synchronously belongs to them. */
  const fresh = new Set<EnvironmentModuleNode>()
  /** Modules that had code once. The others may be mere files that a plugin watches for their importers. */
  const transformed = new WeakSet<EnvironmentModuleNode>()
  /** URLs of modules that were asked for by themselves: no mere files, also where none of them could be transformed yet. */
  const requested = new Set<string>()
  let nested = false
  /** That of the module with which an invalidation began. */
  let file: string | null = null

  function deliver(payload: HotPayload | undefined): boolean {
    if (seeds.size === 0) return false
    const modules = [...seeds].flatMap((seed) => (isMereFile(seed) ? [seed, ...seed.importers] : [seed]))
    seeds = new Set()
    return onSeeds([...new Set(modules)], payload)
  }

  function isMereFile(module: EnvironmentModuleNode): boolean {
    // Vite sets the flag when it analyses a module, or at once when there is nothing to analyse
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
    // it calls itself for each importer
    const outer = nested
    nested = true
    if (!outer) file = module.file
    try {
      // Vite takes one that only imports the file for unchanged
      invalidateModule.call(this, module, seen, timestamp, isHmr, isSoft && !isAddedTo(module, file))
    } finally {
      nested = outer
    }
  }

  function record(module: EnvironmentModuleNode): void {
    if (fresh.size === 0) queueMicrotask(() => fresh.clear())
    // an immediate, not a microtask: a plugin's hook that invalidates is often followed by Vite's own update for more modules
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

/** What `updateModules` sends; a plugin's full reload names no trigger. */
function isOfVite(payload: HotPayload): boolean {
  return payload.type === 'update' || (payload.type === 'full-reload' && payload.triggeredBy !== undefined)
}
