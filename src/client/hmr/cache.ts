/** What a runner's hot contexts have registered: the state that `vite-tether/hmr` shows. All maps are keyed by module id. */
import type { ModuleId } from '../../shared/types.ts'
import type { ModuleNamespace } from '../module-types.ts'

/** One `accept` or `acceptExports` of a module. */
export interface HotCallback {
  /** Ids of the accepted modules, in the order given; a module that accepts itself names its own. */
  deps: ModuleId[]
  fn: (modules: (ModuleNamespace | undefined)[]) => unknown
  /** The accepted names, if `acceptExports` registered it. */
  exports?: readonly string[]
}

/** The accept registrations of one module. */
export interface HotModule {
  id: ModuleId
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
  hotModulesMap: Map<ModuleId, HotModule>
  // biome-ignore lint/suspicious/noExplicitAny: hot.data holds what the module puts there
  dataMap: Map<ModuleId, any>
  disposeMap: Map<ModuleId, DataCallback>
  pruneMap: Map<ModuleId, DataCallback>
  /** Event -> listeners of all modules. */
  customListenersMap: Map<string, HotListener[]>
  /** Module -> the listeners among them that are its own. */
  ctxToListenersMap: Map<ModuleId, Map<string, HotListener[]>>
  /** Custom sends, as JSON text, that nobody has taken yet. */
  messageBuffer: string[]
  /** `true` until the first update has been applied. */
  isFirstUpdate: boolean
  /** `true` while an update is being applied. */
  pending: boolean
  /** Updates that wait for it. */
  queued: Promise<unknown>[]
}

/** An empty cache. */
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
