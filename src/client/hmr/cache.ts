/** The registrations of a runner's hot contexts: the state that `vite-tether/hmr` shows. Maps by module have module ids as keys. */
import type { ModuleId } from '../../shared/types.ts'
import type { ModuleNamespace } from '../module-types.ts'

/** One `accept` or `acceptExports` of a module. */
export interface HotCallback {
  /** Ids of the accepted modules, in the order given; a module that accepts itself names its own. */
  deps: ModuleId[]
  /** Gets the new namespaces of `deps` after an update, in their order; `undefined` for a module that was not evaluated again. */
  fn: (modules: (ModuleNamespace | undefined)[]) => unknown
  /** The accepted names, if `acceptExports` registered it. */
  exports?: readonly string[]
}

/** The accept registrations of one module. */
export interface HotModule {
  /** The id of the module. */
  id: ModuleId
  /** Its calls of `accept` and `acceptExports`, in order. */
  callbacks: HotCallback[]
}

/** A callback of `dispose` or `prune`; it gets `hot.data`. */
// biome-ignore lint/suspicious/noExplicitAny: hot.data holds what the module puts there
export type DataCallback = (data: any) => unknown

/** A listener of `hot.on`. */
// biome-ignore lint/suspicious/noExplicitAny: custom events carry anything
export type HotListener = (data: any) => unknown

/** The registrations of one runner and the state of its updates. */
export interface CacheData {
  /** Module -> its accept registrations. */
  hotModulesMap: Map<ModuleId, HotModule>
  /** Module -> its `hot.data`, which outlives its instances. */
  // biome-ignore lint/suspicious/noExplicitAny: hot.data holds what the module puts there
  dataMap: Map<ModuleId, any>
  /** Module -> its `dispose` callback. */
  disposeMap: Map<ModuleId, DataCallback>
  /** Module -> its `prune` callback. */
  pruneMap: Map<ModuleId, DataCallback>
  /** Event -> the listeners of all modules. */
  customListenersMap: Map<string, HotListener[]>
  /** Module -> event -> the listeners of this module. */
  ctxToListenersMap: Map<ModuleId, Map<string, HotListener[]>>
  /** Custom events that modules have sent while the emitter had no listener of `custom`, as JSON text. */
  messageBuffer: string[]
  /** `true` until the first update has been applied. */
  isFirstUpdate: boolean
  /** `true` while an update is being applied. */
  pending: boolean
  /** Updates that wait for the one that is being applied. */
  queued: Promise<unknown>[]
}

/** Makes an empty cache. */
export function createCache(): CacheData {
  return {
    hotModulesMap: new Map(),
    dataMap: new Map(),
    disposeMap: new Map(),
    pruneMap: new Map(),
    customListenersMap: new Map(),
    ctxToListenersMap: new Map(),
    messageBuffer: [],
    isFirstUpdate: true,
    pending: false,
    queued: [],
  }
}
