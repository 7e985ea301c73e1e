/**
 * A timer that expires when it is not fed. It is re-armed only when it fires, so that feeding costs no more than an assignment.
 */
import type { Clock } from '../util/clock.ts'

export interface WatchdogOptions {
  clock: Clock
  /** Milliseconds without food until `expired`. */
  ms: number
  /** If the timer fires later than this, this process was asleep, and the wait begins again. */
  late: number
  /** Called once; the watchdog has stopped before. */
  expired(): void
}

export interface Watchdog {
  feed(): void
  stop(): void
}

/** Makes a watchdog, which starts at once. */
export function createWatchdog({ clock, ms, late, expired }: WatchdogOptions): Watchdog {
  let fed = clock.now()
  let cancel = arm(ms)
  function arm(wait: number): () => void {
    const due = clock.now() + wait
    return clock.after(wait, () => {
      const now = clock.now()
      // after a sleep this timer fires first, then sockets are read: the bytes that would have fed it may be waiting there
      if (now - due > late) fed = now
      const rest = fed + ms - now
      if (rest > 0) cancel = arm(rest)
      else expired()
    })
  }
  return {
    feed() {
      fed = clock.now()
    },
    stop: () => cancel(),
  }
}
