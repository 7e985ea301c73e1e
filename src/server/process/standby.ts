/**
 * The process that is going to be the next: spawned while the app runs, it waits until it is taken. What it was started with
 * is compared with what a fresh process would be started with: a difference makes it useless.
 */
import { createDebug } from 'obug'
import type { Clock } from '../../shared/util/clock.ts'
import { createCrashWindow } from './crash-window.ts'
import type { AppProcess } from './spawn.ts'

const debug = createDebug('vite-tether:standby')

/** Milliseconds after the app's first start in which it has the machine to itself. After a restart another is likely to follow soon. */
const DELAY = 500

/** What a standby is made of. */
export interface StandbyOptions {
  clock: Clock
  /** Starts a process that waits. */
  spawn(): Promise<AppProcess>
  /** All that a process started now would see. */
  inputs(): string
  /** Whether there is room for another process. */
  hasRoom(): boolean
  /** A process that was still waiting has ended. */
  ended(pid: number): void
}

/** At most one process that waits. */
export class Standby {
  readonly #options: StandbyOptions
  readonly #crashes = createCrashWindow()
  /** Those that have not exited yet and were not taken. */
  readonly #alive = new Map<AppProcess, Promise<void>>()
  #current: AppProcess | undefined
  #inputs = ''
  #launching: Promise<void> | undefined
  #cancel: (() => void) | undefined
  /** How often the app was started. */
  #starts = 0
  /** From `plan()` to `pause()`: one that ends is replaced. */
  #isPlanned = false

  constructor(options: StandbyOptions) {
    this.#options = options
  }

  /** Of the process that waits. */
  get pid(): number | undefined {
    return this.#current?.pid
  }

  /** Starts one in a while, unless there is one by then. */
  plan(ms = this.#starts > 1 ? 0 : DELAY): void {
    this.pause()
    this.#isPlanned = true
    this.#cancel = this.#options.clock.after(ms, () => this.prepare())
  }

  /** Nothing new is started until {@link plan} or {@link prepare}. */
  pause(): void {
    this.#isPlanned = false
    this.#cancel?.()
  }

  /** Starts one now, unless there is one or no room for it. What goes wrong costs nothing but its use. */
  prepare(): void {
    this.#cancel?.()
    if (this.#current && this.#inputs !== this.#options.inputs()) this.#drop()
    if (this.#current || this.#launching || !this.#options.hasRoom()) return
    this.#launching = this.#launch()
      .catch((error) => debug('%o', error))
      .finally(() => {
        this.#launching = undefined
      })
  }

  /** The app is started: hands the process over to the caller, if there is one that is as good as a fresh one. */
  async take(): Promise<AppProcess | undefined> {
    this.#starts++
    await this.#launching
    if (this.#current && this.#inputs !== this.#options.inputs()) this.#drop()
    const taken = this.#current
    this.#current = undefined
    if (taken) this.#alive.delete(taken)
    return taken
  }

  /** Kills it. Resolves when nothing of it is left. */
  async discard(): Promise<void> {
    this.pause()
    await this.#launching
    this.#drop()
    await Promise.all(this.#alive.values())
  }

  /** Hands a signal on. */
  signal(signal: NodeJS.Signals): void {
    this.#current?.signal(signal)
  }

  async #launch(): Promise<void> {
    // first: what changes while it starts must show
    this.#inputs = this.#options.inputs()
    const child = await this.#options.spawn()
    debug('%d waits', child.pid)
    this.#current = child
    const gone = child.exited.then(() => {
      this.#alive.delete(child)
      if (this.#current === child) this.#ended(child)
    })
    this.#alive.set(child, gone)
  }

  #ended({ pid }: AppProcess): void {
    this.#current = undefined
    this.#options.ended(pid)
    const delay = this.#crashes.next(this.#options.clock.now())
    debug('%d has ended, %s', pid, delay === undefined ? 'and so did too many' : `the next in ${delay} ms`)
    if (this.#isPlanned && delay !== undefined) this.plan(delay)
  }

  #drop(): void {
    const dropped = this.#current
    if (!dropped) return
    debug('%d is of no use', dropped.pid)
    this.#current = undefined
    // it has nothing to dispose of
    dropped.kill()
    this.#options.ended(dropped.pid)
  }
}
