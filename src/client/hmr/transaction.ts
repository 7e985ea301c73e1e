/**
 * Replaces instances as one step: either all accepted modules are evaluated from current code, or the app is as it was. The caller
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
import type { Propagation } from './propagate.ts'
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

/**
 * Disposes and detaches `replaced`, then evaluates `targets` in order, and calls `done`. Throws what the evaluation threw, with the
 * app restored.
 */
export async function replaceModules(
  engine: Engine,
  { replaced, leaving = new Set() }: Pick<Propagation, 'replaced' | 'leaving'>,
  targets: readonly ModuleId[],
  done: (replacement: Replacement) => void = () => {},
): Promise<Replacement> {
  await engine.participant?.begin(replaced, leaving)
  try {
    const replacement = await replace(engine, replaced, targets)
    done(replacement)
    return replacement
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
  // Copied after `dispose`, which fills hot.data for the next instance. On a roll-back the previous instance gets that data back.
  const data = copyData(cache)
  const detached = runtime.detach(order)
  const created = runtime.track()
  const modules = new Map<ModuleId, ModuleNamespace>()
  try {
    await evaluate(engine, targets, modules)
    await engine.participant?.check?.()
  } catch (error) {
    debug('evaluation failed, restoring %d modules: %o', detached.length, error)
    const isSuperseded = error instanceof Superseded
    await rollBack(engine, { created, detached, disposed, previous, data, isSuperseded })
    throw error
  }
  // A new instance that uses import.meta.hot has dropped the old listeners by itself. One that does not leaves them: drop them here.
  for (const [id, { listeners, prune }] of previous) {
    if (listeners && cache.ctxToListenersMap.get(id) === listeners) dropListeners(cache, id)
    // no new code imports it: the `prune` callbacks of its old instance are due
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
  // A top-level await that never ends would hold up every later update. So: update A evaluates, then update B is queued, then A has
  // `limits.evaluate` ms more, then A is rolled back and retried after B. A cannot count as done: modules that have not called
  // accept() or keep() yet would be taken for ones that never do.
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
  /** The evaluation was put off, not failed: do not wait for it to settle. */
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
