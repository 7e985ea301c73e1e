/** Decides how often, and how soon, a crashed app process is started again. */

/** At most this many restarts ... */
const RESTARTS = 5
/** ... in this many milliseconds. */
const WINDOW = 30_000
const FIRST_DELAY = 100

/** The crashes of one supervisor that still count. */
export interface CrashWindow {
  /** Counts a crash at `now` (monotonic ms). Returns the ms to wait before the restart, or `undefined` for no restart. */
  next(now: number): number | undefined
  /** Forgets all crashes, because the code has changed. */
  forget(): void
}

/** Makes an empty window. The first restart is at once; each further one in the window waits twice as long as the one before. */
export function createCrashWindow(): CrashWindow {
  let restarts: number[] = []
  return {
    next(now) {
      restarts = restarts.filter((time) => now - time < WINDOW)
      if (restarts.length >= RESTARTS) return undefined
      restarts.push(now)
      return restarts.length === 1 ? 0 : FIRST_DELAY * 2 ** (restarts.length - 2)
    },
    forget() {
      restarts = []
    },
  }
}
