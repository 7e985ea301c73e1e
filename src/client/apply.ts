/**
 * The one mechanism behind a save, a resync, `invalidate()`, the retry after a failure and a full reload: find out what a
 * change means for this runner, and do it or leave everything as it was.
 */
import { createDebug } from 'obug'
import type { UpdatePayload } from 'vite'
import type { ViteNodeRunner } from 'vite-node/client'
import { flattenError } from '../shared/errors.ts'
import type { Applied, Change, ModuleId, ModuleRecord } from '../shared/types.ts'
import { type Engine, getEngine, rootsOf } from './engine.ts'
import { describeError } from './log.ts'
import { call, dispose, notify, within } from './notify.ts'
import { type Boundary, propagate } from './propagate.ts'
import { pruneUnreached } from './prune.ts'
import { acceptedBy, dropRegistrations } from './registrations.ts'
import type { ModuleNamespace } from './runtime.ts'
import { type Replacement, replaceModules } from './transaction.ts'

const debug = createDebug('vite-tether:hmr')

/** A change with what only this side knows. */
export interface Cause extends Change {
  /** The module that called `invalidate()`: its importers are to handle it. */
  invalidated?: ModuleId
  /** See `Engine.invalidators`. */
  invalidators?: readonly ModuleId[]
  /** The failure of the last update is known: do not show it again if nothing has changed. */
  retry?: boolean
}

/** A report, with the live objects that do not cross the wire. */
export interface Outcome {
  applied: Applied
  /** Namespaces of the modules that were evaluated as boundaries, or of the entries after a reload. */
  modules: ReadonlyMap<ModuleId, ModuleNamespace>
  /** What was thrown, if the update failed. */
  error?: unknown
}

/** A change of these modules and nothing else known about it. */
export function changeOf(seeds: readonly ModuleId[]): Change {
  return { seq: 0, seeds: [...seeds], modules: [], failed: [] }
}

/** Applies one change after all that came before it. Never rejects: the report says how it went. */
export async function applyChange(runner: ViteNodeRunner, change: Change): Promise<Applied> {
  return (await enqueueChange(getEngine(runner), change)).applied
}

/** `applyChange` with the live outcome. */
export function enqueueChange(engine: Engine, cause: Cause): Promise<Outcome> {
  const started = performance.now()
  return engine.queue.add(async () => {
    engine.invalidators = cause.invalidators ?? []
    const result = await run(engine, cause).catch((error) => fail(engine, cause, [], error))
    engine.invalidators = []
    Object.assign(result.applied, { seq: cause.seq, ms: performance.now() - started })
    debug('change %d: %o', cause.seq, result.applied)
    engine.report(result.applied)
    return result
  })
}

async function run(engine: Engine, cause: Cause): Promise<Outcome> {
  const { runtime, cache, failing } = engine
  const newer = await refresh(engine, cause.modules)
  const roots = await rootsOf(engine)
  const seeds = seedsOf(engine, cause, newer)
  if (cause.reload) return reloadAll(engine, cause, roots, seeds)
  if (cause.invalidated !== undefined && seeds.length === 0 && roots.includes(cause.invalidated)) {
    return unaccepted(engine, cause, roots, [cause.invalidated], [cause.invalidated])
  }
  const unstarted = roots.filter((id) => !runtime.node(id))
  if (seeds.length === 0 && unstarted.length === 0) {
    failing.clear()
    return outcome('unaffected')
  }
  const decide = () => propagate(runtime, cache, seeds, roots, cause.invalidators)
  // what is being evaluated right now may end with other imports and registrations
  await within(engine.limits.settle, runtime.settled(decide().replaced))
  await refresh(engine, [])
  const { boundaries, replaced, chain } = decide()
  if (chain) return unaccepted(engine, cause, roots, seeds, chain)
  return update(engine, cause, { unstarted, boundaries, replaced, seeds })
}

/** The modules to start from that this runner has an instance of. */
function seedsOf({ runtime, failing }: Engine, cause: Cause, newer: readonly ModuleId[]): ModuleId[] {
  const { invalidated } = cause
  const importers = invalidated === undefined ? [] : (runtime.node(invalidated)?.importers ?? [])
  const seeds = new Set([...cause.seeds, ...importers, ...newer, ...failing])
  if (invalidated !== undefined) seeds.delete(invalidated)
  return [...seeds].filter((id) => runtime.node(id))
}

async function unaccepted(
  engine: Engine,
  cause: Cause,
  roots: ModuleId[],
  seeds: ModuleId[],
  chain: ModuleId[],
): Promise<Outcome> {
  const { runtime } = engine
  if (engine.onUnaccepted === 'reload') return reloadAll(engine, cause, roots, seeds)
  try {
    // a process is not given up for code that cannot run
    await runtime.prepare(roots, new Set(runtime.ids()), cause.failed)
  } catch (error) {
    return fail(engine, cause, seeds, error)
  }
  return outcome('unaccepted', { chain: chain.map((id) => runtime.toUrl(id)) })
}

interface UpdatePlan {
  /** Roots without an instance: their evaluation has failed before. */
  unstarted: ModuleId[]
  boundaries: Boundary[]
  replaced: Set<ModuleId>
  seeds: ModuleId[]
}

async function update(engine: Engine, cause: Cause, plan: UpdatePlan): Promise<Outcome> {
  const { runtime, cache } = engine
  const { unstarted, boundaries, replaced, seeds } = plan
  const targets = [...new Set([...boundaries.map(({ accepted }) => accepted), ...unstarted])]
  const payload = toPayload(engine, boundaries, cause)
  await notify(engine, 'vite:beforeUpdate', payload)
  try {
    await runtime.prepare(targets, replaced, cause.failed)
    const done = await replaceModules(engine, replaced, targets)
    succeed(engine)
    runCallbacks(engine, boundaries, done)
    if (unstarted.length > 0) engine.log.info('program reload')
    await notify(engine, 'vite:afterUpdate', payload)
    await pruneUnreached(engine, replaced)
    return outcome('updated', {
      updates: boundaries.map(({ boundary, accepted }) => ({
        boundary: runtime.toUrl(boundary),
        accepted: runtime.toUrl(accepted),
      })),
      evaluated: done.evaluated,
      modules: done.modules,
    })
  } catch (error) {
    const failed = await fail(engine, cause, seeds, error)
    await notify(engine, 'vite:afterUpdate', payload)
    return failed
  } finally {
    cache.isFirstUpdate = false
  }
}

async function reloadAll(engine: Engine, cause: Cause, roots: ModuleId[], seeds: ModuleId[]): Promise<Outcome> {
  const { runtime, cache } = engine
  const { replaced } = propagate(runtime, cache, seeds, roots)
  for (const id of runtime.ids()) if (!id.includes('/node_modules/')) replaced.add(id)
  try {
    await within(engine.limits.settle, runtime.settled(replaced))
    await runtime.prepare(roots, replaced, cause.failed)
    await notify(engine, 'vite:beforeFullReload', { type: 'full-reload', path: '*' })
    engine.log.info('program reload')
    const done = await replaceModules(engine, replaced, roots)
    succeed(engine)
    await pruneUnreached(engine, replaced)
    return outcome('reloaded', { evaluated: done.evaluated, modules: done.modules })
  } catch (error) {
    return fail(engine, cause, seeds, error)
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

/** Brings store and registrations up to date. Instances that have failed are gone: what they have started is disposed. */
async function refresh(engine: Engine, modules: readonly ModuleRecord[]): Promise<ModuleId[]> {
  const { runtime, cache } = engine
  const newer = await runtime.install(modules)
  const registered = [cache.hotModulesMap, cache.disposeMap, cache.pruneMap, cache.ctxToListenersMap]
  for (const id of new Set(registered.flatMap((map) => [...map.keys()]))) {
    if (runtime.node(id)) continue
    await dispose(engine, id)
    dropRegistrations(cache, id)
  }
  return newer
}

function succeed(engine: Engine): void {
  engine.failing.clear()
  engine.shown = undefined
}

/** The app is as it was: says so, and keeps the changed modules for the next attempt. */
async function fail(engine: Engine, cause: Cause, seeds: readonly ModuleId[], error: unknown): Promise<Outcome> {
  for (const id of seeds) engine.failing.add(id)
  const flat = flattenError(error)
  // not the stack: the way to the same error differs
  const shown = JSON.stringify([flat.name, flat.message, flat.frame])
  if (!cause.retry || engine.shown !== shown) {
    engine.log.error(`update failed, the previous code keeps running: ${describeError(error)}`)
  }
  engine.shown = shown
  await notify(engine, 'vite:error', { type: 'error', err: { ...flat, stack: flat.stack ?? '' } })
  return { ...outcome('failed', { error: flat }), error }
}

type Details = Partial<Omit<Applied, 'outcome'>> & Partial<Pick<Outcome, 'modules'>>

function outcome(kind: Applied['outcome'], { modules = new Map(), ...details }: Details = {}): Outcome {
  return { applied: { seq: 0, outcome: kind, ms: 0, evaluated: 0, updates: [], ...details }, modules }
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
