/** The three ways in which modules are replaced: an update up to its boundaries, a reload, the retry of what never ran. */
import type { UpdatePayload } from 'vite'
import type { ModuleId } from '../../shared/types.ts'
import { call, notify, within } from './callbacks.ts'
import { type Engine, rootsOf } from './engine.ts'
import { type Cause, fail, type Outcome, outcome, Superseded, succeed } from './outcome.ts'
import { type Boundary, type Propagation, propagate } from './propagate.ts'
import { pruneUnreached } from './prune.ts'
import { acceptedBy } from './registrations.ts'
import { type Replacement, replaceModules } from './transaction.ts'

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
    const done = await replaceModules(engine, { replaced }, roots)
    succeed(engine)
    await pruneUnreached(engine, replaced)
    await engine.participant?.sweep()
    engine.log.info('program reload')
    return outcome('reloaded', { evaluated: done.evaluated, modules: done.modules })
  } catch (error) {
    return fail(engine, cause, error instanceof Superseded ? replaced : seeds, error)
  }
}

/** Executes roots that have no instance because they failed: at the start, or when they were imported. */
export async function startRoots(engine: Engine, cause: Cause, roots: readonly ModuleId[]): Promise<Outcome> {
  try {
    await engine.runtime.prepare(roots, new Set())
    const done = await replaceModules(engine, { replaced: new Set() }, roots)
    succeed(engine)
    await pruneUnreached(engine)
    await engine.participant?.sweep()
    engine.log.info('program reload')
    return outcome('reloaded', { evaluated: done.evaluated, modules: done.modules })
  } catch (error) {
    return fail(engine, cause, [], error)
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
