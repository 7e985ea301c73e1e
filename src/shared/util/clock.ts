/**
 * Time, as everything in this folder takes it: injected, monotonic, in milliseconds.
 */

/** A monotonic clock with timers. */
export interface Clock {
  /** Milliseconds since an arbitrary start. Never jumps with the wall clock. */
  now(): number
  /** Calls `fn` once after `ms` milliseconds unless the returned function is called first. */
  after(ms: number, fn: () => void): () => void
}

/** The process's own clock. Its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
