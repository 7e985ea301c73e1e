/** The end of a runner. */

import { dispose } from './callbacks.ts'
import { dependentsFirst } from './dispose-order.ts'
import type { Engine } from './engine.ts'

/**
 * Closes kept ports, disposes all instances, dependents first, and then what they have kept; after the updates that are under
 * way. Nothing is evaluated any more.
 */
export async function disposeAll(engine: Engine): Promise<void> {
  const { runtime, queue, participant } = engine
  await queue.add(async () => {
    await participant?.drain()
    const ids = engine.cache.disposeMap.size > 0 ? dependentsFirst(runtime, runtime.ids()) : []
    for (const id of ids) await dispose(engine, id)
    await participant?.close()
  })
}
