/** The serial queue of one runner's updates. Its public face is `pending` and `queued` of the cache. */
import type { CacheData } from './cache.ts'

/** One task at a time, in order. */
export interface UpdateQueue {
  /** Runs `task` after all that were added before it, whether those failed or not. `isUrgent`: see `pressed`. */
  add<T>(task: () => Promise<T>, isUrgent?: boolean): Promise<T>
  /** Resolves as soon as an urgent task waits for the one that is running. */
  pressed(): Promise<void>
}

/** Makes the queue over a cache's `pending` and `queued`. */
export function createQueue(cache: Pick<CacheData, 'pending' | 'queued'>): UpdateQueue {
  let last: Promise<unknown> = Promise.resolve()
  let wake: (() => void) | undefined
  let urgent = 0
  return {
    add(task, isUrgent = true) {
      const turn = last.then(() => {
        if (isUrgent) urgent--
        cache.queued.splice(cache.queued.indexOf(turn), 1)
        cache.pending = true
        return task()
      })
      const end = () => {
        cache.pending = cache.queued.length > 0
      }
      last = turn.then(end, end)
      cache.queued.push(turn)
      if (isUrgent) {
        urgent++
        wake?.()
      }
      return turn
    },
    pressed() {
      if (urgent > 0) return Promise.resolve()
      return new Promise((resolve) => {
        wake = resolve
      })
    },
  }
}
