/** One supervised app: decides when its process is replaced, and never replaces one that runs for code that does not transform. */
import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type FlatError, flattenError, TetherError } from '../../shared/errors.ts'
import type { RestartCause } from '../hub-types.ts'
import type { Supervisor, SupervisorExit, SupervisorState } from '../process/supervisor.ts'
import { describeCause } from '../terminal/restart-text.ts'
import type { Outages } from './outages.ts'
import { isMadeSince, isOutput, isWrittenSince } from './own-writes.ts'

/** Milliseconds without a save until the old process is stopped: a checkout, or a rename over many files, is one restart. */
const STOP_GAP = 25
/**
 * Milliseconds without a save until the next process begins: files that are written one after another (by a formatter, a code
 * generator) are one restart. To stop the old process takes most of that anyway.
 */
const BEGIN_GAP = 120
/** Milliseconds from the first save of a burst after which it is acted on, although it does not end. */
const BURST_LIMIT = 2000
/** Checks of the new code, at most, where each fails and something was saved meanwhile. */
const CHECKS = 3

/** Questions of an app before it replaces its process. */
export interface AppHost {
  /** Runs what the user wants to have run before a restart; `lastSave` is in monotonic ms. Resolves with the reason if it has failed. */
  before(lastSave: () => number): Promise<FlatError | undefined>
  /** The first failure in the graph behind the entries, if there is one. */
  check(): Promise<FlatError | undefined>
  /** Resolves when Vite has dropped the code from before the saves. */
  handled(): Promise<void>
  /** Milliseconds that must pass after the last save before the old process is stopped; 0 unless the user wants more. */
  delay(): number
  /** Milliseconds after a process' end in which a save may be a write of that process, which is told late. */
  aftermath(): number
}

/** Events of an app, with their arguments. */
export interface AppEvents {
  /** The process is about to be replaced. */
  restart: [cause: RestartCause]
  /** The process that was to be replaced has gone, and the next one begins. */
  restarted: [cause: RestartCause]
  /** The process is not replaced, because the new code cannot start. */
  refused: [error: FlatError]
}

/** The processes of an app, and the times without one. */
export interface AppLife {
  supervisor: Supervisor
  outages: Outages
}

/** A supervised app. */
export class App extends EventEmitter<AppEvents> {
  readonly id: string
  /** As the user gave it. */
  readonly entry: string
  /** As Vite serves it. */
  readonly url: string
  readonly supervisor: Supervisor
  readonly outages: Outages
  readonly #host: AppHost
  #replacing: Promise<FlatError | undefined> | undefined
  /** Settles when an app that waits for a save was started again. */
  #retrying: Promise<void> | undefined
  /** Cause of a restart that was refused, because the code does not transform: the next save asks for it again. */
  #due: RestartCause | undefined
  /** The save and the reason of the last refusal. */
  #refused: string | undefined
  /** Of the burst of saves that goes on, or of the last one. */
  #firstSave = 0
  #lastSave = 0
  /** The number of stops: a restart that was due before one is none any more. */
  #stops = 0
  /** When the last process ended: in monotonic ms, and in ms since the epoch. */
  #endedAt = { monotonic: 0, epoch: 0 }

  constructor(entry: string, url: string, { supervisor, outages }: AppLife, host: AppHost) {
    super()
    this.id = supervisor.id
    this.entry = entry
    this.url = url
    this.supervisor = supervisor
    this.outages = outages
    this.supervisor.on('exit', () => {
      this.#endedAt = { monotonic: performance.now(), epoch: Date.now() }
    })
    this.#host = host
  }

  /** A restart is due that has to wait for the next good save: what runs is older than what was saved. */
  get isBehind(): boolean {
    return this.#due !== undefined
  }

  /** `true` from the moment in which a restart is due until it has happened or was refused. */
  get isReplacing(): boolean {
    return this.#replacing !== undefined
  }

  /**
   * The {@link SupervisorExit.next} of an end, which the supervisor takes to be `save` also where none is needed: a save has asked for another
   * process, then this one crashes while the check or `before` of that restart is under way, which starts the next one or says why not.
   */
  nextAfter({ next }: Pick<SupervisorExit, 'next'>): SupervisorExit['next'] {
    return next === 'save' && (this.isReplacing || this.#retrying !== undefined) ? 'start' : next
  }

  /** `true` while a process runs that a restart would replace. */
  get runs(): boolean {
    return this.supervisor.state === 'starting' || this.supervisor.state === 'ready'
  }

  /**
   * Replaces the process once the burst of saves has ended and its new code is known to transform. Requests that come
   * meanwhile are the same restart. Resolves with the reason if the process was not replaced.
   */
  replace(cause: RestartCause): Promise<FlatError | undefined> {
    this.#replacing ??= this.#replace(cause).finally(() => {
      this.#replacing = undefined
    })
    return this.#replacing
  }

  /** Stops the process. */
  stop(): Promise<void> {
    this.#stops++
    this.#due = undefined
    return this.supervisor.stop()
  }

  async #replace(cause: RestartCause): Promise<FlatError | undefined> {
    const stops = this.#stops
    this.supervisor.prepare()
    await this.#quiet(Math.max(STOP_GAP, this.#host.delay()))
    const refusal = await this.#host.before(() => this.#lastSave)
    const failure = refusal ?? (await this.#check())
    if (stops !== this.#stops) return this.#stopped()
    if (failure && (refusal || this.runs)) {
      this.#due = cause
      // The save asks for the restart that is due, that is refused, then the runner answers that it cannot take the update: this is one refusal
      const refused = `${this.#lastSave} ${failure.message}`
      if (refused !== this.#refused || cause.kind === 'request') this.emit('refused', failure)
      this.#refused = refused
      return failure
    }
    this.#due = undefined
    await this.#restart(cause)
    return this.supervisor.state === 'stopped' ? this.#stopped() : undefined
  }

  /** The reason why what is saved by now cannot start. */
  async #check(): Promise<FlatError | undefined> {
    for (let attempt = 1; ; attempt++) {
      const last = this.#lastSave
      // `before` may have written files that are read here
      await this.#host.handled()
      const failure = await this.#host.check()
      // A broken file is read, then it is mended, then the check ends: that save was taken to be for this restart, and nobody asks again
      if (!failure || !this.runs || last === this.#lastSave || attempt === CHECKS) return failure
      await this.#quiet(STOP_GAP)
    }
  }

  async #restart(cause: RestartCause): Promise<void> {
    // for one that has not begun this was told when it was started
    const isTold = this.supervisor.isUnbegun
    if (!isTold) this.emit('restart', cause)
    const tell = (state: SupervisorState) => void (state === 'starting' && !isTold && this.emit('restarted', cause))
    this.supervisor.on('state', tell)
    await this.supervisor.restart(describeCause(cause)).finally(() => this.supervisor.off('state', tell))
  }

  #stopped(): FlatError {
    return flattenError(new TetherError('ERR_CLOSED', `${this.id} was stopped before it was restarted.`))
  }

  /** Resolves when the process may begin: saves that follow one another closely are for one start. */
  mayBegin(): Promise<void> {
    return this.#quiet(BEGIN_GAP)
  }

  /** A file was saved that is no module: the process has to be replaced for it. */
  fileChanged(file: string): Promise<FlatError | undefined> {
    this.#noteSave()
    return this.replace({ kind: 'file', file })
  }

  /** A file was saved. `isModule`: it is one, or may be one that was missing. */
  fileSaved(file: string, isModule: boolean): void {
    if (isModule || (this.supervisor.state === 'crashed' && !this.#isOwnWrite(file))) this.saved()
  }

  /** The same for a file that Node has loaded in the last process, or has missed: it may have been there, and was not written to for the end. */
  nativeSaved(file: string): void {
    if (!this.#isOwnWrite(file, isWrittenSince)) this.saved()
  }

  /** `true` for a file that the app wrote before it ended, or that was written because it ended: to start it again for that would never stop. */
  #isOwnWrite(file: string, isOfUser = isMadeSince): boolean {
    const { monotonic, epoch } = this.#endedAt
    const isAftermath = performance.now() - monotonic < this.#host.aftermath()
    return (isAftermath && !isOfUser(file, epoch)) || isOutput(file)
  }

  /** Something was saved that may be what this app waits for. */
  saved(): void {
    this.#noteSave()
    const { state } = this.supervisor
    if (this.#due !== undefined)
      this.replace(this.#due).catch((error) => void this.emit('refused', flattenError(error)))
    // one that is starting may be about to crash over what this save has mended; one that is about to start reads it
    else if (state === 'starting' || (!this.#replacing && (state === 'crashed' || state === 'idle'))) {
      this.#retrying ??= this.#retry().finally(() => {
        this.#retrying = undefined
      })
    }
  }

  async #retry(): Promise<void> {
    await this.#quiet(Math.max(STOP_GAP, this.#host.delay()))
    const failure = this.runs ? undefined : await this.#host.before(() => this.#lastSave)
    if (failure) this.emit('refused', failure)
    else this.supervisor.saved('a file was saved')
  }

  #noteSave(): void {
    const now = performance.now()
    if (now - this.#lastSave > BEGIN_GAP + this.#host.delay()) this.#firstSave = now
    this.#lastSave = now
  }

  /**
   * Resolves when nothing was saved for `gap` ms, or when the burst of saves lasts too long, and when Vite has handled what was saved. A file
   * is saved, then a check transforms it, then Vite drops the code from before: that check was of old code.
   */
  async #quiet(gap: number): Promise<void> {
    for (;;) {
      const limit = this.#firstSave + BURST_LIMIT + this.#host.delay()
      const last = this.#lastSave
      const rest = Math.min(last + gap, limit) - performance.now()
      if (rest > 0) await delay(rest)
      else {
        await this.#host.handled()
        if (last === this.#lastSave || performance.now() > limit) return
      }
    }
  }
}
