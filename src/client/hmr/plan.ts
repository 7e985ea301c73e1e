/** Makes the plan for a change: which modules are replaced, and if that can be done in place. */
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { dispose, within } from './callbacks.ts'
import { type Engine, rootsOf } from './engine.ts'
import type { HotRuntime, Saved } from './hot-runtime.ts'
import type { Cause } from './outcome.ts'
import { type Graph, type Propagation, propagate } from './propagate.ts'
import { reach } from './prune.ts'
import { dropRegistrations } from './registrations.ts'

/** The plan for a change. `seeds` are the changed modules that run, or that a live module has tried to import in vain. */
export type Plan =
  /**
   * Nothing that runs is concerned. `hasUnknown`: there are changed modules that this runner has no instance of; `isDropped`: one
   * of them was evaluated before, and its import of another module may be gone.
   */
  | { kind: 'nothing'; hasUnknown: boolean; isDropped: boolean }
  /** Modules are replaced, up to those that accept that. */
  | { kind: 'update'; seeds: ModuleId[]; hasUnknown: boolean; propagation: Propagation }
  /** The entries are executed again, in place. */
  | { kind: 'reload'; seeds: ModuleId[] }
  /**
   * The process has to be replaced: nothing accepts the change (`chain` leads to the root), a participant wants it (`reason`), or a
   * plugin asked for a reload.
   */
  | { kind: 'restart'; seeds: ModuleId[]; chain?: readonly ModuleId[]; reason?: string }

/**
 * Installs the newer code, then decides over the runner's own graph. May wait for evaluations under way (`limits.settle`) and fetch code,
 * to see which imports go. Runs nothing of the app but `dispose` of failed instances.
 */
export async function planOf(engine: Engine, cause: Cause): Promise<Plan> {
  const newer = await refresh(engine, cause.modules, cause)
  const late = cause.isRetry ? engine.postponed : []
  const broken = cause.failed.map(({ id }) => id)
  const changed = [...cause.seeds, ...late, ...newer, ...broken, ...engine.failing]
  const { seeds, unknown } = partition(engine, changed, cause.invalidated)
  const hasUnknown = unknown.length > 0
  // A changed module without an instance, evaluated before: the modules that it used to import were kept for its next evaluation,
  // and its new code may no longer import them.
  const isDropped = unknown.some((id) => engine.runtime.isKnown(id))
  engine.owesPrune ||= isDropped
  if (cause.reload) return { kind: cause.onRequest ? 'reload' : engine.onUnaccepted, seeds }
  const { invalidated } = cause
  if (seeds.length > 0) {
    const { chain, ...propagation } = await spread(engine, cause, seeds)
    if (!chain) {
      const reason = objectionTo(engine, propagation)
      if (reason !== undefined) return { kind: 'restart', seeds, reason }
      return { kind: 'update', seeds, hasUnknown, propagation }
    }
    return { kind: engine.onUnaccepted, seeds, chain: invalidated === undefined ? chain : [invalidated, ...chain] }
  }
  const isRoot = invalidated !== undefined && (await rootsOf(engine)).includes(invalidated)
  if (!isRoot) return { kind: 'nothing', hasUnknown, isDropped }
  return { kind: engine.onUnaccepted, seeds: [invalidated], chain: [invalidated] }
}

/** Tells modules that an update can begin at (see {@link Plan}) from the others; an invalidated one stands for its importers. */
function partition({ runtime }: Engine, ids: ModuleId[], invalidated: ModuleId | undefined) {
  const importers = invalidated === undefined ? [] : (runtime.node(invalidated)?.importers ?? [])
  const all = [...new Set([...ids, ...importers])].filter((id) => id !== invalidated)
  const { node } = graphOf(runtime)
  return { seeds: all.filter((id) => node(id)), unknown: all.filter((id) => !node(id)) }
}

/** The graph over which a change spreads. */
function graphOf(runtime: HotRuntime): Graph {
  return { node: (id) => (runtime.attempted ? runtime.attempted(id) : runtime.node(id)) }
}

/** Somebody wants a new process. Where there is none for changes like this one, modules are replaced whatever they leave. */
function objectionTo({ participant, onUnaccepted }: Engine, { replaced, boundaries }: Propagation): string | undefined {
  return onUnaccepted === 'restart' ? participant?.objects?.(replaced, boundaries) : undefined
}

/** The modules that a change of `seeds` reaches, and the boundaries at which it ends. */
async function spread(engine: Engine, { invalidators }: Cause, seeds: readonly ModuleId[]): Promise<Propagation> {
  const { runtime, cache, limits } = engine
  const roots = await rootsOf(engine)
  const graph = graphOf(runtime)
  const planOver = (graph: Graph) => propagate(graph, cache, seeds, roots, invalidators)
  let plan = planOver(graph)
  if (!runtime.isSettled(plan.replaced)) {
    // a module among them is being evaluated: it may still call accept() or import another module, so wait and plan again
    await within(limits.settle, runtime.settled(plan.replaced))
    await refresh(engine, [])
    plan = planOver(graph)
  }
  if (!(await dropsImport(engine, seeds))) return plan
  // a module that current code no longer reaches, a deleted one for example, is pruned later: evaluating it for its last
  // importer's sake could fail, or run what nothing needs
  const { reached, untold } = await reach(engine, new Set(seeds))
  // A root's file is gone, then a module behind it is saved, then the file is there again: had the module been left out as
  // unreached, its older instance would be reached now.
  if (untold.length > 0) return plan
  plan = planOver({ node: (id) => (reached.has(id) ? graph.node(id) : undefined) })
  const leaving = new Set([...runtime.ids()].filter((id) => !reached.has(id)))
  return { ...plan, leaving, boundaries: plan.boundaries.filter(({ boundary }) => reached.has(boundary)) }
}

/** `true` if one of `seeds` is about to drop an import, or is gone. */
async function dropsImport({ runtime }: Engine, seeds: readonly ModuleId[]): Promise<boolean> {
  for (const id of seeds) {
    const next = await runtime.nextImports(id)
    if (!next || [...(runtime.node(id)?.imports ?? [])].some((dep) => !next.has(dep))) return true
  }
  return false
}

/** `ids` and all that imports them, directly or not. */
export function withDependents({ runtime }: Engine, ids: readonly ModuleId[]): Set<ModuleId> {
  const found = new Set(ids)
  for (const id of found) for (const importer of graphOf(runtime).node(id)?.importers ?? []) found.add(importer)
  return found
}

/** Brings store and registrations up to date: newer code is installed, instances that have failed are disposed of. */
async function refresh(engine: Engine, modules: readonly ModuleRecord[], saved?: Saved): Promise<ModuleId[]> {
  const { runtime, cache } = engine
  // an instance without a node has failed: the modules that it had imported until then may be unreached now
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
