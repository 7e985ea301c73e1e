/** Supervises one app process, over all its restarts: every transition of its state is here. Knows nothing of Vite or sessions. */
import { EventEmitter } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { createDebug } from 'obug'
import type { Handover } from '../../shared/handover.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'
import { endProcess, stillThere } from './end-process.ts'
import { forwardSignals } from './forward-signals.ts'
import { Lifetime } from './lifetime.ts'
import { holdGuard } from './orphan-guard.ts'
import { type AppCommand, type AppProcess, type Exit, spawnApp } from './spawn.ts'
import { Standby } from './standby.ts'
import { type SupervisorEvents, type SupervisorOptions, type SupervisorState, TRANSITIONS } from './supervisor-types.ts'

export type { SupervisorEvents, SupervisorExit, SupervisorOptions, SupervisorState } from './supervisor-types.ts'

const debug = createDebug('vite-tether:supervisor')

/** Starts, restarts and stops one app process; nothing runs until `start()`. All of its functions may be called in every state, any number of times. */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly id: string
  readonly ports: SupervisorOptions['ports']
  readonly #options: SupervisorOptions
  readonly #clock: Clock
  /** The signal that asks the process to stop, and the milliseconds until SIGKILL. */
  readonly stopBy: { signal: NodeJS.Signals; timeout: number }
  readonly #lifetime: Lifetime
  readonly #standby: Standby | undefined
  #state: SupervisorState = 'idle'
  #process: AppProcess | undefined
  /** `true` if the process was a standby and has not connected as the app's runner yet. */
  #isUnproven = false
  /** Settles when the spawn under way ends. */
  #launching: Promise<void> | undefined
  /** The stop under way; with `restart`, a start follows it. */
  #stopping: { done: Promise<void>; restart: boolean } | undefined
  /** The inputs with which the present process was started. */
  #inputs = ''
  #startedBy: AppCommand | undefined
  /** Cancels the delayed restart after a crash. */
  #cancelBackoff: (() => void) | undefined
  #release: (() => void) | undefined

  constructor(options: SupervisorOptions) {
    super()
    this.id = options.id
    this.ports = options.ports
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.stopBy = { signal: options.stop?.signal ?? 'SIGTERM', timeout: options.stop?.timeout ?? 5000 }
    this.#lifetime = new Lifetime(this.#clock)
    this.#standby =
      options.standby &&
      new Standby({
        clock: this.#clock,
        mayStart: options.standby.mayStart,
        inputs: () => this.#inputsOf(options.command()),
        spawn: () => this.#spawn(options.command(), { waits: true }),
        ended: (pid) => this.emit('unused', pid),
      })
  }

  get state(): SupervisorState {
    return this.#state
  }

  /** Process id, or `undefined` while there is no process. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** `true` while the process `pid` is the app's, has executed its entries, and has not ended. */
  runs(pid: number): boolean {
    return this.#state === 'ready' && this.#process?.pid === pid && this.#process.isAlive
  }

  /** Process id of the standby, or `undefined` if there is none. */
  get standbyPid(): number | undefined {
    return this.#standby?.pid
  }

  /** `true` if the process runs by another command (arguments, flags, environment, directory) than the next one would. */
  get hasOldCommand(): boolean {
    return this.#process !== undefined && !isDeepStrictEqual(this.#startedBy, this.#options.command())
  }

  /** `true` while the process has not begun to read its code: it is going to get a save of now. */
  get isUnbegun(): boolean {
    return this.#state === 'starting' && !this.#lifetime.isBegun
  }

  /** Starts a standby now, because a restart is near. */
  prepare(): void {
    if (this.#state === 'starting' || this.#state === 'ready') this.#standby?.prepare()
  }

  /** Starts the process unless there is one. Resolves once it is spawned; rejects with `ERR_START` if it cannot be. */
  start(reason?: string): Promise<void> {
    if (this.#stopping) return this.#stopping.done.then(() => this.start(reason))
    if (this.#state === 'starting' || this.#state === 'ready') return this.#launching ?? Promise.resolve()
    return this.restart(reason)
  }

  /**
   * Replaces the process by a new one, unless it has not begun yet and a new one would have the same inputs. During a `stop()` the
   * request is dropped. Resolves once the new process is spawned; rejects with `ERR_START`.
   */
  restart(reason?: string): Promise<void> {
    if (this.#stopping) return this.#stopping.done
    if (this.#launching) return this.#launching.then(() => this.restart(reason))
    if (this.isUnbegun && this.#inputs === this.#inputsOf(this.#options.command())) return Promise.resolve()
    // in the state `crashed` there may be a process that SIGKILL did not end
    if (!this.#process) return this.#launch(reason)
    return this.#end({ restart: true, signal: this.stopBy.signal, reason })
  }

  /**
   * Stops the process: `signal`, then after the timeout SIGKILL to its group. Resolves when it and all that it started are gone.
   * Rejects with `ERR_START` if the process does not end after SIGKILL.
   */
  stop(signal: NodeJS.Signals = this.stopBy.signal): Promise<void> {
    if (this.#stopping) {
      this.#stopping.restart = false
      return this.#stopping.done
    }
    if (this.#process || this.#state === 'starting') return this.#end({ restart: false, signal })
    if (this.#state !== 'stopped') {
      this.#cancelBackoff?.()
      this.#move('stopped')
      this.#letGo()
    }
    return this.#standby?.discard() ?? Promise.resolve()
  }

  /** Kills the process, for a second Ctrl+C. Resolves like `stop()`. */
  kill(): Promise<void> {
    const stopped = this.stop()
    this.#process?.kill()
    return stopped
  }

  /** Forwards a signal to the process group. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
    // the standby is suspended with Vite, which cannot answer it either
    if (signal === 'SIGTSTP' || signal === 'SIGCONT') this.#standby?.signal(signal)
  }

  /** The hub reports that the process `pid` has begun to read its code: it may have older code than a save from now on. */
  fetched(pid = this.pid): void {
    if (pid !== this.pid) return
    this.#lifetime.begin()
    this.#isUnproven = false
  }

  /** The hub reports that the process `pid` has executed its entries. */
  ready(pid = this.pid): void {
    if (pid !== this.pid || this.#state !== 'starting') return
    this.#lifetime.begin()
    this.#move('ready')
  }

  /** The hub reports a save: an app that waits for one starts. */
  saved(reason?: string): void {
    this.#lifetime.saved()
    this.#startAgain(reason)
  }

  #startAgain(reason?: string): void {
    // #release is set from the first start() to stop() or a final exit (`once`). Without it there is nothing to start again.
    if ((this.#state !== 'idle' && this.#state !== 'crashed') || this.#release === undefined) return
    // a failed start is reported by the state `crashed`
    this.restart(reason).catch((error) => debug('%s: %o', this.id, error))
  }

  async #launch(reason?: string): Promise<void> {
    this.#cancelBackoff?.()
    this.#hold()
    this.#move('starting', reason)
    this.#lifetime.start()
    this.#launching = this.#next()
    try {
      await this.#launching
    } catch (error) {
      this.#move('crashed', (error as Error).message)
      throw error
    } finally {
      this.#launching = undefined
    }
  }

  /** Makes the standby the app's process, or spawns a new one. */
  async #next(): Promise<void> {
    const waiting = await this.#standby?.take()
    const command = this.#options.command()
    const inputs = this.#inputsOf(command)
    const child = waiting ?? (await this.#spawn(command, {}))
    this.#process = child
    this.#inputs = inputs
    this.#startedBy = command
    this.#isUnproven = waiting !== undefined
    // one that was started early may have older code, or an older environment, than a save from now on
    if (child.hasBegun) this.#lifetime.begin()
    child.ports?.turn()
    child.exited.then((exit) => this.#ended(child, exit))
    if (waiting) this.emit('takeover', child.pid)
  }

  /** The inputs of a process that is started now, as text to compare. */
  #inputsOf(command: AppCommand): string {
    return JSON.stringify([command, this.#options.standby?.inputs()])
  }

  #spawn(command: AppCommand, how: Pick<Handover, 'waits'>): Promise<AppProcess> {
    const handover: Handover = { ...this.#options.handover(), stop: this.stopBy, ...how }
    return spawnApp(command, handover, (stream, line) => this.emit(stream, line), this.ports, this.#options.early)
  }

  /** Stops the process; then, unless stop() has come meanwhile, starts the next one if `restart` is set. */
  #end(how: { restart: boolean; signal: NodeJS.Signals; reason?: string | undefined }): Promise<void> {
    const stopping = { done: this.#stopProcess(how), restart: how.restart }
    stopping.done = stopping.done
      .finally(() => {
        this.#stopping = undefined
      })
      .then(() => {
        if (stopping.restart) return this.#launch(how.reason)
        this.#cancelBackoff?.()
        this.#move('stopped')
        this.#letGo()
        return this.#standby?.discard()
      })
    this.#stopping = stopping
    return stopping.done
  }

  async #stopProcess({ restart, signal }: { restart: boolean; signal: NodeJS.Signals }): Promise<void> {
    // it may be asked for in the few ms in which the system starts the process
    await this.#launching?.catch(() => {})
    const child = this.#process
    if (!child) return
    this.#move('stopping')
    // the next one has its ports; when there is none nobody has to wait
    if (restart) await child.ports?.drain(this.#options.stop?.drain ?? 1000)
    if (await endProcess(child, { signal, timeout: this.stopBy.timeout }, this.#clock)) return
    this.#move('crashed', 'it could not be killed')
    throw stillThere(child, this.#options.command().entry)
  }

  #ended(child: AppProcess, exit: Exit): void {
    const wasReady = this.#state === 'ready'
    // in 'crashed', SIGKILL had no effect in time, and the process ends only now
    const requested = this.#state === 'stopping' || this.#state === 'crashed'
    this.#process = undefined
    if (this.#isUnproven && !requested) {
      this.emit('unused', child.pid)
      // a failed start is reported by the state `crashed`
      this.#launch('the process that waited has ended').catch((error) => debug('%s: %o', this.id, error))
      return
    }
    const told = { ...exit, pid: child.pid, requested, wasReady }
    if (requested) {
      this.emit('exit', { ...told, next: this.#stopping?.restart ? 'start' : 'none' })
      return
    }
    const failed = exit.code !== 0
    this.#move(failed ? 'crashed' : 'idle')
    const delay = failed && !this.#options.once ? this.#lifetime.delay(wasReady) : undefined
    if (delay !== undefined) this.#cancelBackoff = this.#clock.after(delay, () => this.#startAgain('it crashed'))
    if (this.#options.once) this.#letGo()
    const next = this.#options.once ? 'none' : 'save'
    this.emit('exit', delay === undefined ? { ...told, next } : { ...told, next: 'start', delay })
  }

  #move(next: SupervisorState, reason?: string): void {
    const previous = this.#state
    if (!TRANSITIONS[previous].includes(next)) throw new Error(`${this.id}: no way from ${previous} to ${next}`)
    debug('%s: %s -> %s %s', this.id, previous, next, reason ?? '')
    this.#state = next
    if (next === 'ready' || next === 'idle' || next === 'crashed') this.#standby?.plan()
    else this.#standby?.pause()
    this.emit('state', next, previous, reason)
  }

  /** From the first start to the stop: forwards signals of this process, and has the app killed if this process dies. */
  #hold(): void {
    if (this.#release) return
    const release = [holdGuard(), forwardSignals(this)]
    this.#release = () => {
      for (const each of release) each()
    }
  }

  #letGo(): void {
    this.#release?.()
    this.#release = undefined
  }
}
