/** Removes what the runner's own graph no longer reaches. */
import type { ModuleId } from '../../shared/types.ts'
import { dispose, notify, prune } from './callbacks.ts'
import { dependentsFirst } from './dispose-order.ts'
import { type Engine, rootsOf } from './engine.ts'
import { dropRegistrations } from './registrations.ts'

/**
 * Disposes and prunes every module that the roots no longer reach, and every one of `replaced` that no new code imports any
 * more. While a root is not evaluated, it cannot tell what that one will import, and leaves it to the next update.
 */
export async function pruneUnreached(engine: Engine, replaced: Iterable<ModuleId> = []): Promise<void> {
  const { runtime, cache } = engine
  const roots = await rootsOf(engine)
  engine.owesPrune = !roots.every((id) => runtime.node(id)?.evaluated)
  if (engine.owesPrune) return
  const reached = new Set<ModuleId>(roots)
  for (const id of reached) for (const dep of runtime.node(id)?.imports ?? []) reached.add(dep)
  const gone = new Set([...runtime.ids(), ...replaced].filter((id) => !reached.has(id)))
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
