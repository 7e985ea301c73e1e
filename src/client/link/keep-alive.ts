/**
 * Keeps the process alive while a call to the server has no answer yet. Sockets and timers of the session are unref'd, so that
 * an app that has nothing left to do ends.
 */

/** The longest interval that node accepts. */
const LONG = 2 ** 31 - 1

export interface Hold {
  /** Keeps the process alive until `remove` was called as often as `add`. */
  add(): void
  remove(): void
}

/** Holds nothing yet. */
export function createHold(): Hold {
  let count = 0
  let handle: NodeJS.Timeout | undefined
  return {
    add() {
      if (count++ === 0) handle = setInterval(() => {}, LONG)
    },
    remove() {
      if (--count === 0) clearInterval(handle)
    },
  }
}
