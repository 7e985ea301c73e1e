/**
 * Knows the watcher's events that Vite has not handled yet. It asks the plugins of each environment first (`watchChange`), some of its own in
 * native code, which on a busy machine takes 50 ms and more. Until then it has the code, and the failures, from before the save.
 */
import type { Environment, ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'

/** Milliseconds after which nobody waits for an event any longer: a hook may throw, and then Vite drops the event, or may never end. */
const LIMIT = 2000

/** The events of one file. */
interface Unhandled {
  /** Answers of environments that are due. */
  due: number
  readonly done: Promise<void>
  end(): void
}

/** Environment -> what its server has not handled. */
const unhandled = new WeakMap<Environment, Map<string, Unhandled>>()

/** Notes the events of the server's watcher, whose listeners Vite has added before. */
export function noteEvents({ watcher, environments }: ViteDevServer): void {
  const files = new Map<string, Unhandled>()
  const all = Object.values(environments)
  for (const environment of all) unhandled.set(environment, files)
  watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return
    const file = slash(path)
    const one = files.get(file) ?? begin(() => files.delete(file))
    one.due += all.length
    files.set(file, one)
  })
}

/** The plugins of an environment know of an event of `file`. */
export function noteAnswer(environment: Environment, file: string): void {
  const one = unhandled.get(environment)?.get(file)
  // Vite drops the code when all environments have answered, in the same turn
  if (one && --one.due === 0) setImmediate(() => void (one.due === 0 && one.end()))
}

/** Resolves when the environment's server has handled the events so far. */
export async function eventsHandled(environment: Environment): Promise<void> {
  await Promise.all(Array.from(unhandled.get(environment)?.values() ?? [], ({ done }) => done))
}

function begin(forget: () => void): Unhandled {
  let resolve!: () => void
  const done = new Promise<void>((settle) => {
    resolve = settle
  })
  const end = () => {
    clearTimeout(timer)
    forget()
    resolve()
  }
  const timer = setTimeout(end, LIMIT).unref()
  return { due: 0, done, end }
}
