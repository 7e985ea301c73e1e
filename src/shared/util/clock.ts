/**
 * Time as the session and its parts take it: injected, so that tests can turn it; monotonic; in milliseconds.
 */

/** A monotonic clock with timers. */
export interface Clock {
  /** Milliseconds since an arbitrary start. Never jumps with the wall clock. */
  now(): number
  /** Calls `fn` once after `ms` milliseconds unless the returned function is called first. */
  after(ms: number, fn: () => void): () => void
}

/** The longest time, in milliseconds, that Node's timers take. */
export const LONGEST = 2 ** 31 - 1

/** The process's own clock. Its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    // Node would fire a timer of more than LONGEST after 1 ms
    const timer = setTimeout(fn, Math.min(ms, LONGEST))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
