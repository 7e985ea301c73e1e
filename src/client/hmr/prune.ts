/** Finds and removes what the runner's own graph no longer reaches. */
import type { ModuleId } from '../../shared/types.ts'
import { dispose, notify, prune, within } from './callbacks.ts'
import { dependentsFirst } from './dispose-order.ts'
import { type Engine, rootsOf } from './engine.ts'
import { dropRegistrations } from './registrations.ts'

/**
 * Disposes and prunes every module that the roots no longer reach, and every one of `replaced` that no new code imports any
 * more. While a root has failed, or code is missing that would tell what a module imports, it leaves all to the next update.
 */
export async function pruneUnreached(engine: Engine, replaced: Iterable<ModuleId> = []): Promise<void> {
  const { runtime, cache } = engine
  engine.owesPrune = !(await rootsOf(engine)).every((id) => runtime.node(id))
  if (engine.owesPrune) return
  const renewed = new Set(replaced)
  let { reached, untold } = await reach(engine, renewed)
  if (untold.length > 0) {
    // an import() is under way and its code has not arrived: wait, it may keep modules alive
    await within(engine.limits.settle, runtime.settled(untold))
    ;({ reached, untold } = await reach(engine, renewed))
  }
  engine.owesPrune = untold.length > 0
  if (engine.owesPrune) return
  const gone = new Set([...runtime.ids(), ...renewed].filter((id) => !reached.has(id)))
  if (gone.size === 0) return

  const order = dependentsFirst(runtime, gone)
  await notify(engine, 'vite:beforePrune', { type: 'prune', paths: order.map((id) => runtime.toUrl(id)) })
  for (const id of order) await dispose(engine, id)
  for (const id of order) await prune(engine, id)
  runtime.detach(order)
  for (const id of order) {
    dropRegistrations(cache, id)
    cache.dataMap.delete(id)
  }
}

/**
 * All that the roots reach. An evaluated instance knows its imports. Of `changing` modules, which are about to be replaced or just
 * were, and of all that have no instance or none that is complete, it is their current code that tells: an import() under way, or
 * one that waits for a request, comes to the rest only later, and what it shares with the previous instance would be gone by then.
 * `untold` are those whose code is not to be had.
 */
export async function reach(
  engine: Engine,
  changing: ReadonlySet<ModuleId>,
): Promise<{ reached: Set<ModuleId>; untold: ModuleId[] }> {
  const { runtime } = engine
  const reached = new Set(await rootsOf(engine))
  const untold: ModuleId[] = []
  for (const id of reached) {
    const node = runtime.node(id)
    const isCurrent = node?.evaluated && !changing.has(id)
    const next = isCurrent ? undefined : await runtime.nextImports(id)
    if (!isCurrent && !next) untold.push(id)
    // an import() that an evaluated module has never called keeps nothing alive
    for (const dep of next ?? [...(node?.imports ?? [])].filter((id) => runtime.isKnown(id))) reached.add(dep)
  }
  return { reached, untold }
}
