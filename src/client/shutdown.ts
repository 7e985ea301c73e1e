/** The end of a runner. */
import type { Engine } from './engine.ts'
import { dispose } from './notify.ts'
import { dependentsFirst } from './order.ts'

/** Disposes all instances, dependents first, after the updates that are under way. Nothing is evaluated any more. */
export async function disposeAll(engine: Engine): Promise<void> {
  const { runtime, queue } = engine
  await queue.add(async () => {
    for (const id of dependentsFirst(runtime, runtime.ids())) await dispose(engine, id)
  })
}
