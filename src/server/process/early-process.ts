/**
 * An app's process that is started before Vite is loaded, so that it boots meanwhile. It waits for its hand-over and has run no code of
 * the app by then: a guess of its command, which costs nothing but its boot where the config has another one. Or it begins with
 * what the last start has left, whose key says that its command is no guess.
 */
import type { Socket } from 'node:net'
import { createDebug } from 'obug'
import { HANDOVER_FD, type KeptPlace, type ParentLine } from '../../shared/handover.ts'
import { type ChildLine, prove } from '../../shared/kept-start.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import { forwardSignals } from './forward-signals.ts'
import { guard, holdGuard } from './orphan-guard.ts'
import { clearGroup, killTree, signalGroup } from './process-group.ts'
import { splitLines } from './split-lines.ts'
import { type AppCommand, launch, TERMINAL_SIGNALS } from './start-process.ts'

const debug = createDebug('vite-tether:start')

type Child = ReturnType<typeof launch>

/** Milliseconds for which Vite is not loaded, so that a start from what is kept has the machine to itself. */
const ALONE = 400
/** Milliseconds that the process has to end after a signal. */
const PATIENCE = 5000

/** The kept start that the process may begin with, if that is current, and for how long it has no server. */
export interface KeptBeginning {
  /** Of its index. */
  path: string
  /** The process needs no server at all, unless it says so. */
  isAlone: boolean
}

/** The process until somebody has taken it. */
export class EarlyProcess {
  readonly #inputs: () => unknown
  readonly #begun: string
  readonly #settled = createDeferred<void>()
  readonly #exited = createDeferred<void>()
  /** Ends what is done for a process that has begun until somebody else does it. */
  readonly #releases: (() => void)[] = []
  #stopping: Promise<void> | undefined
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined
  #child: Child | undefined
  #readyAt: number | undefined
  /** It may have run code of the app. */
  hasBegun = false
  /** The digest of the index that was proven for it. */
  readonly proven: string | undefined

  /** `inputs` are further ones, comparable as JSON: what is read by the process as it boots. */
  constructor(command: AppCommand, hasChannel: boolean, inputs: () => unknown, kept: KeptBeginning | undefined) {
    this.#inputs = inputs
    this.#begun = this.#describe(command, hasChannel)
    const child = launch(command, hasChannel)
    // whoever starts it in earnest is told why it cannot be
    child.on('error', () => {
      this.#child = undefined
      this.#settled.resolve()
    })
    child.once('exit', (code, signal) => void this.#ended(child, code, signal))
    this.#child = child
    const place = kept && child.pid !== undefined ? placeOf(kept) : undefined
    this.proven = place?.digest
    if (place) this.#letBegin(child, place, kept!.isAlone)
    else this.#settled.resolve()
  }

  /** Resolves when Vite may be loaded, or has to be. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** The end of one that was not taken. */
  get exit(): { code: number | null; signal: NodeJS.Signals | null } | undefined {
    return this.#exit
  }

  /** Something has come up for which there must be a server. */
  need(): void {
    this.#settled.resolve()
  }

  /** When the app had executed its entries without a server, in ms of `performance.now()`. */
  get readyAt(): number | undefined {
    return this.#readyAt
  }

  /**
   * The process, if one that is started with `command` now would be the same; else it is killed. One that has begun may have ended by
   * itself meanwhile: that was the app's end.
   */
  take(command: AppCommand, hasChannel: boolean): Child | undefined {
    const child = this.#child
    const isOver = !this.hasBegun && child && !isSound(child, hasChannel)
    if (!child || isOver || this.#describe(command, hasChannel) !== this.#begun) {
      this.discard()
      return undefined
    }
    this.#letGo()
    return child
  }

  /** Kills it, unless it was taken. */
  discard(): void {
    const child = this.#child
    this.#letGo()
    // the system may have given the id of one that has ended to another process
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    if (this.hasBegun) killTree(child.pid)
    else child.kill('SIGKILL')
  }

  /** Ends it as the signal asks, unless it was taken. Resolves when it is gone. */
  stop(signal: NodeJS.Signals): Promise<void> {
    this.#stopping ??= this.#stop(signal)
    return this.#stopping
  }

  async #stop(signal: NodeJS.Signals): Promise<void> {
    if (!this.#child || !this.hasBegun) return
    this.signal(signal)
    const timer = setTimeout(() => this.kill(), PATIENCE)
    await this.#exited.promise
    clearTimeout(timer)
  }

  /** Kills it and all that it has started, unless it was taken. */
  async kill(): Promise<void> {
    if (this.#child?.pid !== undefined) killTree(this.#child.pid)
  }

  /** Sends a signal, unless it was taken. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined || !this.hasBegun) return
    if (TERMINAL_SIGNALS.includes(signal)) signalGroup(pid, signal)
    else this.#child!.kill(signal)
  }

  async #ended(child: Child, code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    // otherwise somebody has taken it, and sees to all that
    if (this.#child === child) {
      if (this.hasBegun) await clearGroup(child.pid!)
      this.#exit = { code, signal }
    }
    this.#exited.resolve()
    this.#settled.resolve()
  }

  #letGo(): void {
    this.#child = undefined
    this.#exit = undefined
    // the guard kills what was named to it last: the process must be taken off before the guard is let go
    for (const release of this.#releases.splice(0).reverse()) release()
  }

  #letBegin(child: Child, kept: KeptPlace, isAlone: boolean): void {
    this.hasBegun = true
    this.#releases.push(forwardSignals(this), holdGuard(), guard(child.pid!))
    const line = child.stdio[HANDOVER_FD] as unknown as Socket
    line.on('error', () => {})
    line.write(`${JSON.stringify({ kept } satisfies ParentLine)}\n`)
    if (!isAlone) {
      const timer = setTimeout(this.#settled.resolve, ALONE)
      this.#settled.promise.then(() => clearTimeout(timer))
    }
    splitLines(line, (text) => {
      const { say } = JSON.parse(text) as ChildLine
      if (say === 'stale') this.hasBegun = false
      if (say === 'ready') this.#readyAt = performance.now()
      if (say !== 'ready' || !isAlone) this.#settled.resolve()
    })
  }

  #describe({ main, entry, args, execArgv, env, cwd, stdio, stdin }: AppCommand, hasChannel: boolean): string {
    return JSON.stringify([main, entry, args, execArgv, env, cwd, stdio, stdin, hasChannel, this.#inputs()])
  }
}

function isSound({ pid, exitCode, signalCode, connected }: Child, hasChannel: boolean): boolean {
  return pid !== undefined && exitCode === null && signalCode === null && (connected || !hasChannel)
}

/**
 * The kept start, if nothing has changed that has shaped it. That is proven here, because the process takes longer to boot; a save after it
 * is found when Vite is there. Where it may never be there, the process does it, as late as possible.
 */
function placeOf({ path, isAlone }: KeptBeginning): KeptPlace | undefined {
  if (isAlone) return { path }
  try {
    return { path, digest: prove(path) }
  } catch (error) {
    debug('nothing of the last start is used: %s', (error as Error).message)
    return undefined
  }
}
