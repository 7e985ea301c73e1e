/** How far the current process of a supervisor has come, and what its end means therefore. */
import type { Clock } from '../../shared/util/clock.ts'
import { createCrashWindow } from './crash-window.ts'

/**
 * Milliseconds after its begin in which the end of a process is that of its start, also if its entries had been executed:
 * `start().catch(() => { process.exitCode = 1 })` fails while it connects, and would log in, or migrate, over and over.
 */
const SOON = 5000

/** One process after the other. */
export class Lifetime {
  readonly #clock: Clock
  readonly #crashes = createCrashWindow()
  #begunAt: number | undefined
  #isSaved = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The next process is spawned. */
  start(): void {
    this.#begunAt = undefined
    this.#isSaved = false
  }

  /** It begins to read its code: later saves may be news to it. */
  begin(): void {
    this.#begunAt ??= this.#clock.now()
  }

  get isBegun(): boolean {
    return this.#begunAt !== undefined
  }

  /** A save has come, which may be what a process needs that is about to crash. */
  saved(): void {
    this.#crashes.forget()
    this.#isSaved = this.isBegun
  }

  /** It has crashed: milliseconds until the next is started, or `undefined` if a save has to come first. */
  delay(wasReady: boolean): number | undefined {
    if (!wasReady) return this.#isSaved ? 0 : undefined
    const now = this.#clock.now()
    return now - this.#begunAt! < SOON ? undefined : this.#crashes.next(now)
  }
}
