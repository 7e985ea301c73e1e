/**
 * The standby of a supervisor: the app's next process, spawned while the app runs, which waits until it is taken. Its inputs
 * (command, environment, configuration) must be those that a new process would have: if they differ, it is killed.
 */
import { createDebug } from 'obug'
import type { Clock } from '../../shared/util/clock.ts'
import { createCrashWindow } from './crash-window.ts'
import type { AppProcess } from './spawn.ts'

const debug = createDebug('vite-tether:standby')

/** Milliseconds from the app's first start to the standby's, which would slow it down. After a restart there is no wait. */
const DELAY = 500

/** Options of a standby. */
export interface StandbyOptions {
  clock: Clock
  /** Starts a process that waits. */
  spawn(): Promise<AppProcess>
  /** The inputs of a process that is started now, as text to compare. */
  inputs(): string
  /** `true` if another process may be started. */
  mayStart(): boolean
  /** A process that was still waiting has ended. */
  ended(pid: number): void
}

/** Keeps at most one process that waits. */
export class Standby {
  readonly #options: StandbyOptions
  readonly #crashes = createCrashWindow()
  /** Processes that were not taken and have not exited yet. */
  readonly #alive = new Map<AppProcess, Promise<void>>()
  #current: AppProcess | undefined
  #inputs = ''
  #launching: Promise<void> | undefined
  #cancel: (() => void) | undefined
  /** Number of starts of the app. */
  #starts = 0
  /** `true` from `plan()` to `pause()`: a process that ends is replaced then. */
  #isPlanned = false

  constructor(options: StandbyOptions) {
    this.#options = options
  }

  /** Process id of the process that waits. */
  get pid(): number | undefined {
    return this.#current?.pid
  }

  /** Starts a process after `ms`, unless there is one by then. */
  plan(ms = this.#starts > 1 ? 0 : DELAY): void {
    this.pause()
    this.#isPlanned = true
    this.#cancel = this.#options.clock.after(ms, () => this.prepare())
  }

  /** Starts no process until {@link plan} or {@link prepare} is called. */
  pause(): void {
    this.#isPlanned = false
    this.#cancel?.()
  }

  /** Starts a process now, unless there is one, or it may not be. A failure is ignored: the app then starts without a standby. */
  prepare(): void {
    this.#cancel?.()
    if (this.#current && this.#inputs !== this.#options.inputs()) this.#drop()
    if (this.#current || this.#launching || !this.#options.mayStart()) return
    this.#launching = this.#launch()
      .catch((error) => debug('%o', error))
      .finally(() => {
        this.#launching = undefined
      })
  }

  /** Hands the process that waits over to the caller, if there is one with the inputs of a new process. */
  async take(): Promise<AppProcess | undefined> {
    this.#starts++
    await this.#launching
    if (this.#current && this.#inputs !== this.#options.inputs()) this.#drop()
    const taken = this.#current
    this.#current = undefined
    if (taken) this.#alive.delete(taken)
    return taken
  }

  /** Kills the process that waits. Resolves when all its processes are gone. */
  async discard(): Promise<void> {
    this.pause()
    await this.#launching
    this.#drop()
    await Promise.all(this.#alive.values())
  }

  /** Forwards a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#current?.signal(signal)
  }

  async #launch(): Promise<void> {
    // read before the spawn: the process starts, then an input changes, and the comparison must see that
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
    // killed without asking: it has executed no module, so there is nothing to dispose
    dropped.kill()
    this.#options.ended(dropped.pid)
  }
}
