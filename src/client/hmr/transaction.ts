/**
 * Replaces instances as one step: either all boundaries are evaluated from current code, or the app is as it was. The caller
 * has prepared the code; from here on only application code can fail.
 */
import { createDebug } from 'obug'
import type { ModuleId } from '../../shared/types.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { call, dispose, within } from './callbacks.ts'
import { dependentsFirst } from './dispose-order.ts'
import type { Engine } from './engine.ts'
import type { DetachedInstance, HotRuntime } from './hot-runtime.ts'
import { Superseded } from './outcome.ts'
import {
  copyData,
  dropListeners,
  dropRegistrations,
  type Registrations,
  restoreData,
  restoreRegistrations,
  takeRegistrations,
} from './registrations.ts'

const debug = createDebug('vite-tether:hmr')

/** The result of a successful transaction. */
export interface Replacement {
  /** The new namespaces of the modules that were to be evaluated. */
  modules: Map<ModuleId, ModuleNamespace>
  /** How many modules were evaluated, dependencies included. */
  evaluated: number
  /** The registrations of the replaced instances. */
  previous: Map<ModuleId, Registrations>
}

/** Disposes and detaches `replaced`, then evaluates `targets` in order. Throws what the evaluation threw, with the app restored. */
export async function replaceModules(
  engine: Engine,
  replaced: ReadonlySet<ModuleId>,
  targets: readonly ModuleId[],
): Promise<Replacement> {
  await engine.participant?.begin(replaced)
  try {
    return await replace(engine, replaced, targets)
  } finally {
    engine.participant?.end()
  }
}

async function replace(
  engine: Engine,
  replaced: ReadonlySet<ModuleId>,
  targets: readonly ModuleId[],
): Promise<Replacement> {
  const { runtime, cache } = engine
  const order = dependentsFirst(runtime, replaced)
  const disposed = new Set<ModuleId>()
  for (const id of order) if (await dispose(engine, id)) disposed.add(id)

  const imported = new Map(order.map((id) => [id, [...(runtime.node(id)?.imports ?? [])]]))
  const previous = new Map(order.map((id) => [id, takeRegistrations(cache, id)]))
  // with what `dispose` has left for the next instance, which the one that is put back gets instead
  const data = copyData(cache)
  const detached = runtime.detach(order)
  const created = runtime.track()
  const modules = new Map<ModuleId, ModuleNamespace>()
  try {
    await evaluate(engine, targets, modules)
  } catch (error) {
    debug('evaluation failed, restoring %d modules: %o', detached.length, error)
    const isSuperseded = error instanceof Superseded
    await rollBack(engine, { created, detached, disposed, previous, data, isSuperseded })
    throw error
  }
  // a new instance that uses import.meta.hot has removed the old listeners itself; these belong to instances that do not
  for (const [id, { listeners, prune }] of previous) {
    if (listeners && cache.ctxToListenersMap.get(id) === listeners) dropListeners(cache, id)
    // no new code imports it: its old instance is to hear of that
    if (prune && !runtime.node(id)) cache.pruneMap.set(id, prune)
  }
  for (const id of order) engine.postponed.delete(id)
  engine.participant?.commit()
  // one has not come back, or no longer imports what it imported
  engine.owesPrune ||= order.some((id) => {
    const now = runtime.node(id)?.imports
    return !now || imported.get(id)!.some((dep) => !now.has(dep))
  })
  return { modules, evaluated: created().length, previous }
}

async function evaluate(
  engine: Engine,
  targets: readonly ModuleId[],
  modules: Map<ModuleId, ModuleNamespace>,
): Promise<void> {
  let abandoned = false
  const evaluation = (async () => {
    for (const id of targets) modules.set(id, await engine.runtime.evaluate(id))
  })()
  evaluation.catch((error) => {
    if (abandoned) void call(engine, 'evaluation', () => Promise.reject(error))
  })
  // an endless top-level await would hold up all later updates: once one waits, this one has only so long, and is then put off.
  // To go on as if it had ended would take what has not registered yet for what accepts nothing and keeps nothing.
  const patience = engine.queue.pressed().then(async () => !(await within(engine.limits.evaluate, evaluation)))
  patience.catch(() => {})
  abandoned = await Promise.race([evaluation.then(() => false), patience])
  if (abandoned) throw new Superseded(`The evaluation of ${targets.join(', ')} has not ended.`)
}

interface Undo {
  created: () => ModuleId[]
  detached: readonly DetachedInstance[]
  disposed: ReadonlySet<ModuleId>
  previous: ReadonlyMap<ModuleId, Registrations>
  /** The contents of each `hot.data` before anything was evaluated. */
  data: ReadonlyMap<ModuleId, object>
  /** Nothing has failed: there is no waiting for what is still under way. */
  isSuperseded: boolean
}

async function rollBack(engine: Engine, undo: Undo): Promise<void> {
  const { runtime, cache } = engine
  const { created, detached, disposed, previous, data, isSuperseded } = undo
  if (isSuperseded) runtime.abandon?.(created())
  else await within(engine.limits.settle, ended(runtime, created))
  // read after the wait: an import() that was under way has made more instances meanwhile
  const partial = dependentsFirst(runtime, created())
  for (const id of partial) await dispose(engine, id)
  runtime.detach(partial)
  for (const id of partial) if (!previous.has(id)) dropRegistrations(cache, id)
  restoreData(cache, data)
  await engine.participant?.rollBack()

  // all go back first, so that those that are evaluated again find the others in place
  runtime.attach(detached)
  for (const [id, registrations] of previous) restoreRegistrations(cache, id, registrations)
  const instances = new Map(detached.map((instance) => [instance.id, instance]))
  for (const id of dependentsFirst(runtime, disposed).reverse()) {
    const instance = instances.get(id)
    if (!instance) continue
    await call(engine, `evaluating the previous code of ${runtime.toUrl(id)} again`, () => runtime.reevaluate(instance))
  }
}

/** Resolves when none of `created` is being evaluated. The list grows while one is: a module under way imports others. */
async function ended(runtime: HotRuntime, created: () => ModuleId[]): Promise<void> {
  let ids: ModuleId[] = []
  while (created().some((id) => !ids.includes(id))) {
    ids = created()
    await runtime.settled(ids)
  }
}
