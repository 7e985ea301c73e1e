/** Knows how far a supervisor's process has come, and decides whether its crash leads to a new start. */
import type { Clock } from '../../shared/util/clock.ts'
import { createCrashWindow } from './crash-window.ts'

/**
 * A process that ends within this many milliseconds after it began has failed to start, even if its entries were executed. An app
 * with `start().catch(() => { process.exitCode = 1 })` that fails to connect would otherwise log in, or migrate, over and over.
 */
const SOON = 5000

/** The lifetime of a supervisor's processes, one after the other. */
export class Lifetime {
  readonly #clock: Clock
  readonly #crashes = createCrashWindow()
  #begunAt: number | undefined
  #isSaved = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The next process is being spawned. */
  start(): void {
    this.#begunAt = undefined
    this.#isSaved = false
  }

  /** The process begins to read its code: it may have older code than a save from now on. */
  begin(): void {
    this.#begunAt ??= this.#clock.now()
  }

  get isBegun(): boolean {
    return this.#begunAt !== undefined
  }

  /** A save has come. If the process crashes over older code, it starts again at once. */
  saved(): void {
    this.#crashes.forget()
    this.#isSaved = this.isBegun
  }

  /** The process has crashed: milliseconds until the next one is started, or `undefined` if a save must come first. */
  delay(wasReady: boolean): number | undefined {
    if (!wasReady) return this.#isSaved ? 0 : undefined
    const now = this.#clock.now()
    return now - this.#begunAt! < SOON ? undefined : this.#crashes.next(now)
  }
}
