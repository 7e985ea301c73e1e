/**
 * Replaces modules, up to the boundaries of an update, in a reload, or where nothing ran yet. Each is one step: either all accepted modules
 * are evaluated from current code, or the app is as it was. What can fail before anything is touched does: code is prepared first.
 */
import { createDebug } from 'obug'
import type { UpdatePayload } from 'vite'
import type { ModuleId } from '../../shared/types.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { call, dispose, notify, within } from './callbacks.ts'
import { dependentsFirst } from './dispose-order.ts'
import { type Engine, rootsOf } from './engine.ts'
import type { DetachedInstance, HotRuntime } from './hot-runtime.ts'
import { type Cause, fail, type Outcome, outcome, Superseded, succeed } from './outcome.ts'
import { type Boundary, type Propagation, propagate } from './propagate.ts'
import { pruneUnreached } from './prune.ts'
import {
  acceptedBy,
  copyData,
  dropListeners,
  dropRegistrations,
  type Registrations,
  restoreData,
  restoreRegistrations,
  takeRegistrations,
} from './registrations.ts'

const debug = createDebug('vite-tether:hmr')

/** Modules that were replaced. */
interface Replacement {
  /** The new namespaces of the modules that were to be evaluated. */
  modules: Map<ModuleId, ModuleNamespace>
  /** The number of modules that were evaluated, dependencies included. */
  evaluated: number
  /** The registrations of the replaced instances. */
  previous: Map<ModuleId, Registrations>
}

/** Replaces what a change reaches, and tells those that accepted it. */
export async function update(
  engine: Engine,
  cause: Cause,
  seeds: readonly ModuleId[],
  { boundaries, replaced, leaving }: Propagation,
): Promise<Outcome> {
  const { runtime } = engine
  const targets = [...new Set(boundaries.map(({ accepted }) => accepted))]
  const payload = toPayload(engine, boundaries, cause)
  const tell = async (event: string) => {
    if (boundaries.length > 0) await notify(engine, event, payload)
  }
  await tell('vite:beforeUpdate')
  let result: Outcome
  try {
    await runtime.prepare(targets, replaced)
    // clients who wait for the end of the update are answered by what the callbacks have put in its place
    const done = await replaceModules(engine, { replaced, leaving }, targets, (replacement) => {
      succeed(engine)
      runCallbacks(engine, boundaries, replacement)
    })
    const updates = boundaries.map(({ boundary, accepted }) => ({
      boundary: runtime.toUrl(boundary),
      accepted: runtime.toUrl(accepted),
    }))
    result = outcome('updated', { updates, evaluated: done.evaluated, modules: done.modules })
  } catch (error) {
    result = await fail(engine, cause, seeds, error)
  }
  engine.cache.isFirstUpdate = false
  // after a failure, too: a listener that has paused something in vite:beforeUpdate resumes it here
  await tell('vite:afterUpdate')
  // one that has failed or was put off was rolled back: every module is reached as it was before
  if (result.applied.outcome === 'updated') {
    if (engine.owesPrune) await pruneUnreached(engine, replaced)
    await engine.participant?.sweep()
  }
  return result
}

/** Executes the entries again; modules of node_modules keep their instances unless they have changed. */
export async function reloadAll(engine: Engine, cause: Cause, seeds: readonly ModuleId[]): Promise<Outcome> {
  const { runtime, cache } = engine
  const roots = await rootsOf(engine)
  const { replaced } = propagate(runtime, cache, seeds, roots)
  for (const id of runtime.ids()) if (!id.includes('/node_modules/')) replaced.add(id)
  try {
    await within(engine.limits.settle, runtime.settled(replaced))
    await runtime.prepare(roots, replaced)
    await notify(engine, 'vite:beforeFullReload', { type: 'full-reload', path: '*' })
    return await evaluateRoots(engine, replaced, roots)
  } catch (error) {
    return fail(engine, cause, error instanceof Superseded ? replaced : seeds, error)
  }
}

/** Executes roots that have no instance because they failed: at the start, or when they were imported. */
export async function startRoots(engine: Engine, cause: Cause, roots: readonly ModuleId[]): Promise<Outcome> {
  try {
    await engine.runtime.prepare(roots, new Set())
    return await evaluateRoots(engine, new Set(), roots)
  } catch (error) {
    return fail(engine, cause, [], error)
  }
}

/** Evaluates `roots` in place of `replaced`, and what is behind them. Throws like {@link replaceModules}. */
async function evaluateRoots(
  engine: Engine,
  replaced: ReadonlySet<ModuleId>,
  roots: readonly ModuleId[],
): Promise<Outcome> {
  const { evaluated, modules } = await replaceModules(engine, { replaced }, roots)
  succeed(engine)
  await pruneUnreached(engine, replaced)
  await engine.participant?.sweep()
  engine.log.info('program reload')
  return outcome('reloaded', { evaluated, modules })
}

/**
 * Disposes and detaches `replaced`, then evaluates `targets` in order, and calls `done`. Throws what the evaluation threw, with the
 * app restored.
 */
async function replaceModules(
  engine: Engine,
  { replaced, leaving = new Set() }: { replaced: ReadonlySet<ModuleId>; leaving?: Propagation['leaving'] },
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

/** The step itself, of which those that take part beside the modules are told as it begins and when it has ended. */
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

/** The state from before the evaluation, for a roll-back. */
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
  const release = isSuperseded ? runtime.abandon?.(created()) : undefined
  if (!isSuperseded) await within(engine.limits.settle, ended(runtime, created))
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
  release?.()
}

/** Resolves when none of `created` is being evaluated. The list grows while one is: a module under way imports others. */
async function ended(runtime: HotRuntime, created: () => ModuleId[]): Promise<void> {
  let ids: ModuleId[] = []
  while (created().some((id) => !ids.includes(id))) {
    ids = created()
    await runtime.settled(ids)
  }
}

/** Callbacks of the instances that accepted: each registration once, with the new modules at the places of their deps. */
function runCallbacks(engine: Engine, boundaries: Boundary[], { modules, previous }: Replacement): void {
  const { runtime, cache } = engine
  const called = new Set<unknown>()
  for (const { boundary, accepted } of boundaries) {
    const hot = boundary === accepted ? previous.get(boundary)?.hot : cache.hotModulesMap.get(boundary)
    const url = runtime.toUrl(accepted)
    const via = boundary === accepted ? '' : ` via ${runtime.toUrl(boundary)}`
    for (const callback of acceptedBy(hot, accepted)) {
      if (called.has(callback)) continue
      called.add(callback)
      const isNew = (dep: ModuleId) => boundaries.some((other) => other.boundary === boundary && other.accepted === dep)
      const given = callback.deps.map((dep) => (isNew(dep) ? modules.get(dep) : undefined))
      // not awaited: a callback may wait for an invalidate() of its own, which waits for this update
      void call(engine, `accept callback for ${url}${via}`, () => callback.fn(given))
    }
    engine.log.info(`hot updated: ${url}${via}`)
  }
}

function toPayload({ runtime }: Engine, boundaries: Boundary[], { invalidators = [] }: Cause): UpdatePayload {
  const [first] = invalidators
  return {
    type: 'update',
    updates: boundaries.map(({ boundary, accepted }) => ({
      type: 'js-update',
      path: runtime.toUrl(boundary),
      acceptedPath: runtime.toUrl(accepted),
      timestamp: Date.now(),
      ...(first !== undefined && { firstInvalidatedBy: runtime.toUrl(first) }),
    })),
  }
}
