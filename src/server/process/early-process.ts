/**
 * An app's process that is started before Vite is loaded, so that it boots meanwhile. It waits for its hand-over and has run no code of
 * the app by then: a guess of its command, which costs nothing but its boot where the config has another one. Or it begins with
 * what the last start has left, whose key says that its command is no guess.
 */
import type { Socket } from 'node:net'
import { HANDOVER_FD, type ParentLine } from '../../shared/handover.ts'
import type { ChildLine } from '../../shared/kept-start.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import { killTree, signalGroup } from './process-group.ts'
import { splitLines } from './split-lines.ts'
import { type AppCommand, launch, TERMINAL_SIGNALS } from './start-process.ts'

type Child = ReturnType<typeof launch>

/** Milliseconds for which Vite is not loaded, so that a start from what is kept has the machine to itself. */
const ALONE = 400
/** Milliseconds that the process has to end after a signal. */
const PATIENCE = 5000

/** The process until somebody has taken it. */
export class EarlyProcess {
  readonly #inputs: () => unknown
  readonly #begun: string
  readonly #settled = createDeferred<void>()
  readonly #exited = createDeferred<void>()
  #child: Child | undefined
  #readyAt: number | undefined
  /** It may have run code of the app. */
  hasBegun = false

  /** `inputs` are further ones, comparable as JSON: what is read by the process as it boots. `kept`: see `ParentLine`. */
  constructor(command: AppCommand, hasChannel: boolean, inputs: () => unknown, kept: string | undefined) {
    this.#inputs = inputs
    this.#begun = this.#describe(command, hasChannel)
    const child = launch(command, hasChannel)
    // whoever starts it in earnest is told why it cannot be
    child.on('error', () => {
      this.#child = undefined
      this.#settled.resolve()
    })
    child.once('exit', () => {
      this.#settled.resolve()
      this.#exited.resolve()
    })
    this.#child = child
    if (kept === undefined || child.pid === undefined) this.#settled.resolve()
    else this.#letBegin(child, kept)
  }

  /** Resolves when Vite may be loaded, or has to be. */
  get settled(): Promise<void> {
    return this.#settled.promise
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
    this.#child = undefined
    return child
  }

  /** Kills it, unless it was taken. */
  discard(): void {
    const child = this.#child
    this.#child = undefined
    if (child?.pid === undefined) return
    if (this.hasBegun) killTree(child.pid)
    else child.kill('SIGKILL')
  }

  /** Ends it as the signal asks, unless it was taken. Resolves when it is gone. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child?.pid || !this.hasBegun || child.exitCode !== null || child.signalCode !== null) return
    if (TERMINAL_SIGNALS.includes(signal)) signalGroup(child.pid, signal)
    else child.kill(signal)
    const timer = setTimeout(() => this.discard(), PATIENCE)
    await this.#exited.promise
    clearTimeout(timer)
  }

  #letBegin(child: Child, kept: string): void {
    this.hasBegun = true
    const line = child.stdio[HANDOVER_FD] as unknown as Socket
    line.on('error', () => {})
    line.write(`${JSON.stringify({ kept } satisfies ParentLine)}\n`)
    const timer = setTimeout(this.#settled.resolve, ALONE)
    this.#settled.promise.then(() => clearTimeout(timer))
    splitLines(line, (text) => {
      const { say } = JSON.parse(text) as ChildLine
      if (say === 'stale') this.hasBegun = false
      if (say === 'ready') this.#readyAt = performance.now()
      this.#settled.resolve()
    })
  }

  #describe({ main, entry, args, execArgv, env, cwd, stdio, stdin }: AppCommand, hasChannel: boolean): string {
    return JSON.stringify([main, entry, args, execArgv, env, cwd, stdio, stdin, hasChannel, this.#inputs()])
  }
}

function isSound({ pid, exitCode, signalCode, connected }: Child, hasChannel: boolean): boolean {
  return pid !== undefined && exitCode === null && signalCode === null && (connected || !hasChannel)
}
