/** Calls into application code that must neither fail an update nor hold it up for ever. */

import { describeError } from '../../shared/describe-error.ts'
import { flattenError } from '../../shared/errors.ts'
import type { DataCallback, HotListener } from './cache.ts'
import type { Engine } from './engine.ts'

/** Calls the listeners of an event and waits for them. What they throw is reported. */
export async function notify(engine: Engine, event: string, data: unknown): Promise<void> {
  const listeners: readonly HotListener[] = [...(engine.cache.customListenersMap.get(event) ?? [])]
  await Promise.all(listeners.map((listener) => call(engine, `a listener of ${event}`, () => listener(data))))
}

/** Runs `dispose` of an instance, if it has one, and forgets it: it runs once. Returns whether there was one. */
export async function dispose(engine: Engine, id: string): Promise<boolean> {
  const { disposeMap } = engine.cache
  return runOnce(engine, 'dispose', disposeMap, id)
}

/** Runs `prune` of a module that is gone, if it has one. */
export async function prune(engine: Engine, id: string): Promise<boolean> {
  return runOnce(engine, 'prune', engine.cache.pruneMap, id)
}

/** Calls `fn`, waits up to the limit for what it returns, and reports what it throws. */
export async function call(engine: Engine, what: string, fn: () => unknown): Promise<void> {
  const { callback } = engine.limits
  try {
    if (!(await within(callback, Promise.resolve(fn())))) {
      engine.log.error(`${what} did not end within ${callback} ms; going on without it`)
    }
  } catch (error) {
    engine.log.error(`${what} failed: ${describeError(flattenError(error))}`)
  }
}

/** `true` if `promise` resolves within `ms`; rejects if it does so in that time. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

async function runOnce(engine: Engine, what: string, map: Map<string, DataCallback>, id: string): Promise<boolean> {
  const callback = map.get(id)
  if (!callback) return false
  map.delete(id)
  await call(engine, `${what} of ${engine.runtime.toUrl(id)}`, () => callback(engine.cache.dataMap.get(id)))
  return true
}
