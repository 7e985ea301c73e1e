/** The registrations of one module instance: taken out of the cache when it is replaced, put back when that fails. */
import type { ModuleId } from '../../shared/types.ts'
import type { CacheData, DataCallback, HotCallback, HotListener, HotModule } from './cache.ts'

/** The registrations of one instance. */
export interface Registrations {
  hot: HotModule | undefined
  dispose: DataCallback | undefined
  prune: DataCallback | undefined
  listeners: Map<string, HotListener[]> | undefined
}

/** Takes out all but the listeners: those hear events until the new instance is there. */
export function takeRegistrations(cache: CacheData, id: ModuleId): Registrations {
  const taken = {
    hot: cache.hotModulesMap.get(id),
    dispose: cache.disposeMap.get(id),
    prune: cache.pruneMap.get(id),
    listeners: cache.ctxToListenersMap.get(id),
  }
  cache.hotModulesMap.delete(id)
  cache.disposeMap.delete(id)
  cache.pruneMap.delete(id)
  return taken
}

/** Puts registrations back in place of whatever a failed instance has registered since. */
export function restoreRegistrations(cache: CacheData, id: ModuleId, taken: Registrations): void {
  if (cache.ctxToListenersMap.get(id) !== taken.listeners) {
    dropListeners(cache, id)
    if (taken.listeners) cache.ctxToListenersMap.set(id, taken.listeners)
    for (const [event, listeners] of taken.listeners ?? []) {
      cache.customListenersMap.set(event, [...(cache.customListenersMap.get(event) ?? []), ...listeners])
    }
  }
  put(cache.hotModulesMap, id, taken.hot)
  put(cache.disposeMap, id, taken.dispose)
  put(cache.pruneMap, id, taken.prune)
}

/** Forgets all registrations of a module; `hot.data` stays. */
export function dropRegistrations(cache: CacheData, id: ModuleId): void {
  takeRegistrations(cache, id)
  dropListeners(cache, id)
}

/** Copies what the `hot.data` of all modules hold. What they refer to is not copied: only the modules know what that is. */
export function copyData({ dataMap }: CacheData): ReadonlyMap<ModuleId, object> {
  return new Map(Array.from(dataMap, ([id, data]) => [id, { ...data }]))
}

/** Puts back what each `hot.data` held, into the same object: old instances hold it. */
export function restoreData({ dataMap }: CacheData, copies: ReadonlyMap<ModuleId, object>): void {
  for (const [id, data] of dataMap) {
    const copy = copies.get(id)
    if (!copy) dataMap.delete(id)
    for (const key of Reflect.ownKeys(data)) if (!copy || !Object.hasOwn(copy, key)) Reflect.deleteProperty(data, key)
    Object.assign(data, copy)
  }
}

/** Removes the module's listeners; they may also stand in the list of all. */
export function dropListeners(cache: CacheData, id: ModuleId): void {
  for (const [event, listeners] of cache.ctxToListenersMap.get(id) ?? []) {
    removeListeners(cache.customListenersMap, event, listeners)
  }
  cache.ctxToListenersMap.delete(id)
}

/** Takes each of `listeners` out of the event's list once: two modules may share a function. */
export function removeListeners(map: Map<string, HotListener[]>, event: string, listeners: HotListener[]): void {
  const left = [...(map.get(event) ?? [])]
  for (const listener of listeners) {
    const index = left.indexOf(listener)
    if (index >= 0) left.splice(index, 1)
  }
  if (left.length > 0) map.set(event, left)
  else map.delete(event)
}

/** The callbacks with which `boundary` accepts `dep`. */
export function acceptedBy(hot: HotModule | undefined, dep: ModuleId): HotCallback[] {
  return hot?.callbacks.filter(({ deps }) => deps.includes(dep)) ?? []
}

function put<T>(map: Map<ModuleId, T>, id: ModuleId, value: T | undefined): void {
  if (value === undefined) map.delete(id)
  else map.set(id, value)
}

/** `true` if `hot.data` of a module, or the global object, has `value`, or an object that has it. */
export function holdsData(cache: CacheData, value: unknown): boolean {
  const isIn = (object: unknown, depth: number): boolean =>
    object === value ||
    (depth > 0 &&
      typeof object === 'object' &&
      object !== null &&
      valuesOf(object).some((each) => isIn(each, depth - 1)))
  return [globalThis, ...cache.dataMap.values()].some((each) => isIn(each, 2))
}

/** The values of an object. Getters are left out: to call one may do anything. */
function valuesOf(object: object): unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(object)).map((property) => property.value)
}
