/**
 * The one mechanism behind a save, a resync, `invalidate()`, the retry after a failure and a full reload: find out what a
 * change means for this runner, and do it or leave everything as it was.
 */
import { createDebug } from 'obug'
import type { ViteNodeRunner } from 'vite-node/client'
import { reviveError } from '../../shared/errors.ts'
import type { Applied, Change, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { dispose, within } from './callbacks.ts'
import { type Engine, entriesOf, getEngine, rootsOf } from './engine.ts'
import type { HotRuntime, Saved } from './hot-runtime.ts'
import { type Cause, changeOf, fail, type Outcome, outcome } from './outcome.ts'
import { type Graph, type Propagation, propagate } from './propagate.ts'
import { reach } from './prune.ts'
import { dropRegistrations } from './registrations.ts'
import { reloadAll, startRoots, update } from './update.ts'

const debug = createDebug('vite-tether:hmr')

/** Applies one change after all that came before it. Never rejects: the report says how it went. */
export async function applyChange(runner: ViteNodeRunner, change: Change): Promise<Applied> {
  return (await enqueueChange(getEngine(runner), change)).applied
}

/** `applyChange` with the live outcome. */
export function enqueueChange(engine: Engine, cause: Cause): Promise<Outcome> {
  const started = performance.now()
  return engine.queue.add(async () => {
    engine.invalidators = cause.invalidators ?? []
    if (cause.invalidated === undefined && !cause.isRetry) engine.invalidatedSince.clear()
    const result = await run(engine, cause).catch((error) => fail(engine, cause, [], error))
    engine.invalidators = []
    Object.assign(result.applied, { seq: cause.seq, ms: performance.now() - started })
    debug('change %d: %o', cause.seq, result.applied)
    if (result.isPostponed) void enqueueChange(engine, { ...changeOf([]), isRetry: true })
    if (!cause.isRetry || result.applied.outcome !== 'unaffected') engine.report(result.applied)
    return result
  }, !cause.isRetry)
}

async function run(engine: Engine, cause: Cause): Promise<Outcome> {
  const { runtime, postponed } = engine
  if (cause.isRetry && postponed.size === 0) return outcome('unaffected')
  const late = cause.isRetry ? [...postponed] : []
  const newer = await refresh(engine, cause.modules, cause)
  const broken = cause.failed.map(({ id }) => id)
  const { seeds, unknown } = sort(
    engine,
    [...cause.seeds, ...late, ...newer, ...broken, ...engine.failing],
    cause.invalidated,
  )
  if (cause.reload) return cause.onRequest ? reloadAll(engine, cause, seeds) : unaccepted(engine, cause, seeds)

  let result = outcome('unaffected')
  let isOrphaned = unknown.length > 0
  if (seeds.length > 0) {
    const plan = await decide(engine, cause, seeds)
    const { invalidated } = cause
    if (plan.chain) return unaccepted(engine, cause, seeds, [...(invalidated ? [invalidated] : []), ...plan.chain])
    result = await update(engine, cause, seeds, plan)
    if (result.error !== undefined) return result
    isOrphaned ||= plan.boundaries.length === 0 || seeds.some((id) => !runtime.node(id))
  } else if (cause.invalidated !== undefined && (await rootsOf(engine)).includes(cause.invalidated)) {
    return unaccepted(engine, cause, [cause.invalidated], [cause.invalidated])
  }

  // entries are tried again with every change; another root whose import failed, when the change may be about that
  const entries = await entriesOf(engine)
  const failedRoots = [...entries, ...(isOrphaned ? runtime.roots() : [])].filter((id) => !runtime.node(id))
  if (failedRoots.length === 0) return seeds.length === 0 ? reportBroken(engine, cause) : result
  const started = await startRoots(engine, cause, [...new Set(failedRoots)])
  return seeds.length > 0 ? result : started
}

/** Nothing of the change runs now. What it has broken may be imported when it is next needed, and that is said now. */
async function reportBroken(engine: Engine, cause: Cause): Promise<Outcome> {
  const { runtime } = engine
  const isImported = (id: ModuleId) => [...runtime.ids()].some((other) => runtime.node(other)?.imports.has(id))
  const broken = cause.failed.find(({ id }) => isImported(id))
  return broken ? fail(engine, cause, [], reviveError(broken.error)) : outcome('unaffected')
}

/** Tells the modules this runner has an instance of from those it has not; an invalidated one stands for its importers. */
function sort({ runtime }: Engine, ids: ModuleId[], invalidated: ModuleId | undefined) {
  const importers = invalidated === undefined ? [] : (runtime.node(invalidated)?.importers ?? [])
  const all = [...new Set([...ids, ...importers])].filter((id) => id !== invalidated)
  const { node } = graphOf(runtime)
  return { seeds: all.filter((id) => node(id)), unknown: all.filter((id) => !node(id)) }
}

/** The graph over which a change spreads. */
function graphOf(runtime: HotRuntime): Graph {
  return { node: (id) => (runtime.attempted ? runtime.attempted(id) : runtime.node(id)) }
}

async function decide(engine: Engine, { invalidators }: Cause, seeds: readonly ModuleId[]): Promise<Propagation> {
  const { runtime, cache, limits } = engine
  const roots = await rootsOf(engine)
  const graph = graphOf(runtime)
  const planOver = (graph: Graph) => propagate(graph, cache, seeds, roots, invalidators)
  let plan = planOver(graph)
  if (!runtime.isSettled(plan.replaced)) {
    // what is being evaluated right now may end with other imports and registrations
    await within(limits.settle, runtime.settled(plan.replaced))
    await refresh(engine, [])
    plan = planOver(graph)
  }
  if (!(await letGo(engine, seeds))) return plan
  // a module that current code no longer reaches, a deleted one for example, is pruned later: evaluating it for its last
  // importer's sake could fail, or run what nothing needs
  const { reached } = await reach(engine, new Set(seeds))
  plan = planOver({ node: (id) => (reached.has(id) ? graph.node(id) : undefined) })
  return { ...plan, boundaries: plan.boundaries.filter(({ boundary }) => reached.has(boundary)) }
}

/** `true` if one of `seeds` is about to drop an import, or is gone. */
async function letGo({ runtime }: Engine, seeds: readonly ModuleId[]): Promise<boolean> {
  for (const id of seeds) {
    const next = await runtime.nextImports(id)
    if (!next || [...(runtime.node(id)?.imports ?? [])].some((dep) => !next.has(dep))) return true
  }
  return false
}

async function unaccepted(
  engine: Engine,
  cause: Cause,
  seeds: readonly ModuleId[],
  chain?: readonly ModuleId[],
): Promise<Outcome> {
  const { runtime } = engine
  if (engine.onUnaccepted === 'reload') return reloadAll(engine, cause, seeds)
  try {
    // a process is not given up for code that cannot run; of what does not depend on what has changed it is known that it can
    const replaced = seeds.length === 0 ? new Set(runtime.ids()) : withDependents(engine, seeds)
    await runtime.prepare(await rootsOf(engine), replaced)
  } catch (error) {
    return fail(engine, cause, seeds, error)
  }
  return outcome('unaccepted', chain && { chain: chain.map((id) => runtime.toUrl(id)) })
}

function withDependents({ runtime }: Engine, ids: readonly ModuleId[]): Set<ModuleId> {
  const found = new Set(ids)
  for (const id of found) for (const importer of graphOf(runtime).node(id)?.importers ?? []) found.add(importer)
  return found
}

/** Brings store and registrations up to date. Instances that have failed are gone: what they have started is disposed. */
async function refresh(engine: Engine, modules: readonly ModuleRecord[], saved?: Saved): Promise<ModuleId[]> {
  const { runtime, cache } = engine
  // a module that failed lets go of what it had imported so far
  engine.owesPrune ||= [...runtime.ids()].some((id) => !runtime.node(id))
  const newer = await runtime.install(modules, saved)
  const registered = [cache.hotModulesMap, cache.disposeMap, cache.pruneMap, cache.ctxToListenersMap]
  for (const id of new Set(registered.flatMap((map) => [...map.keys()]))) {
    if (runtime.node(id)) continue
    await dispose(engine, id)
    dropRegistrations(cache, id)
  }
  return newer
}
