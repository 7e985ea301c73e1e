/**
 * When to try again: at once, then full jitter under a doubling ceiling.
 */
import type { Limits } from './limits.ts'

/** Counts the attempts since things last went well. */
export class Backoff {
  #attempts = 0
  readonly #limits: Limits
  readonly #random: () => number

  /** `random` gives numbers in [0, 1). */
  constructor(limits: Limits, random: () => number = Math.random) {
    this.#limits = limits
    this.#random = random
  }

  /** Milliseconds until the next attempt. */
  next(): number {
    const k = this.#attempts++
    if (k === 0) return 0
    return this.#random() * Math.min(this.#limits.backoffCap, this.#limits.backoffBase * 2 ** (k - 1))
  }

  /**
   * A link ended. One that lived for `stable` starts over; one that at least moved a message starts over too, but not with an
   * attempt at once, so that a server that answers and dies is never met by a hot loop.
   */
  ended(lived: number, moved: boolean): void {
    if (lived >= this.#limits.stable) this.#attempts = 0
    else if (moved) this.#attempts = Math.min(this.#attempts, 1)
  }
}
