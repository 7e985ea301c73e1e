/**
 * Delays between attempts to connect: none before the first, then random ones under a ceiling that doubles (full jitter).
 */
import type { Limits } from './limits.ts'

/** Counts the attempts since the last link that worked. */
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
   * Call when a link has ended. A link that lived for `stable` starts the count over. A shorter one on which a message moved
   * starts it over without the attempt at once: a server that answers and dies would be asked again in a tight loop.
   */
  ended(lived: number, moved: boolean): void {
    if (lived >= this.#limits.stable) this.#attempts = 0
    else if (moved) this.#attempts = Math.min(this.#attempts, 1)
  }
}
