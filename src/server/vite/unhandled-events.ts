/**
 * Knows the watcher's events that Vite has not handled yet. It asks the plugins of each environment first (`watchChange`), some of its own in
 * native code, which on a busy machine takes 50 ms and more. Until then it has the code, and the failures, from before the save.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Environment, ViteDevServer } from 'vite'

/** Milliseconds after which nobody waits for an event any longer: a plugin's hook may never end. */
const LIMIT = 2000

/** Environment -> the events that its server is busy with. */
const unhandled = new WeakMap<Environment, Set<Promise<unknown>>>()

/** Notes what Vite asks plugins from now on. */
export function noteEvents({ environments }: ViteDevServer): void {
  const events = new Set<Promise<unknown>>()
  for (const environment of Object.values(environments)) {
    unhandled.set(environment, events)
    // a hook of our own would be one among the others, called before some of them, and not at all after one that fails
    const container = environment.pluginContainer
    const { watchChange } = container
    container.watchChange = (...args) => {
      const asked = watchChange.apply(container, args)
      // in the turn in which the plugins of all environments have answered, Vite drops the code
      const event = Promise.race([asked.catch(() => {}), delay(LIMIT, undefined, { ref: false })]).then(
        () => new Promise(setImmediate),
      )
      events.add(event)
      void event.then(() => events.delete(event))
      return asked
    }
  }
}

/** Resolves when the environment's server has handled the events so far. */
export async function eventsHandled(environment: Environment): Promise<void> {
  await Promise.all(unhandled.get(environment) ?? [])
}
