/** The channel to one process of an app. */
import type { ChildProcess } from 'node:child_process'
import { createDebug } from 'obug'
import type { FromApp, NodeHandle, ToApp } from '../../shared/ports.ts'
import { createDeferred } from '../../shared/util/deferred.ts'

const debug = createDebug('vite-tether:ports')

/** Milliseconds beyond those for its requests in which a process has to answer: one whose code is in a loop never does. */
const SLACK = 250

/** Milliseconds in which the end of a process is told after that of its channel. */
const END = 1000

/** The owner of the channel, who acts on its messages. */
export interface ProcessPortsHost {
  turn(): Promise<void>
  /** The process is going to be replaced. */
  leaving(): void
  heard(message: FromApp, handle: NodeHandle | undefined): void
  /** `true` if the process listens on a held port. */
  isListening(): boolean
}

/** One end. */
export class ProcessPorts {
  readonly #child: ChildProcess
  readonly #host: ProcessPortsHost
  readonly #hello = createDeferred<void>()
  /** It has said something. */
  #isKnown = false
  readonly #dropping = new Map<string, () => void>()
  readonly #drained = createDeferred<void>()

  constructor(child: ChildProcess, host: ProcessPortsHost) {
    this.#child = child
    this.#host = host
    child.on('message', (message, handle) =>
      this.#heard(message as FromApp, handle as unknown as NodeHandle | undefined),
    )
    child.once('exit', this.#drained.resolve)
    child.once('disconnect', () => {
      this.#drained.resolve()
      setTimeout(() => this.#disconnected(), END).unref()
    })
  }

  /** Resolves when the process has taken its end: what comes earlier would be taken for a message to the app. */
  get hello(): Promise<void> {
    return this.#hello.promise
  }

  /** The process is the app's from now on. */
  turn(): void {
    this.#host.turn().catch((error) => debug('%d: %o', this.#child.pid, error))
  }

  /** Asks for no more connections, and for the requests under way to be answered, which may take `ms`. */
  async drain(ms: number): Promise<void> {
    if (ms === 0 || !this.#host.isListening()) return
    this.#host.leaving()
    void this.send({ say: 'drain', ms })
    const timer = setTimeout(this.#drained.resolve, ms + SLACK)
    await this.#drained.promise
    clearTimeout(timer)
  }

  /** Closes a port that the process has not asked for. Resolves when it has no copy any more. */
  async drop(key: string): Promise<void> {
    if (!this.#child.connected) return
    const dropped = createDeferred<void>()
    this.#dropping.set(key, dropped.resolve)
    void this.send({ say: 'drop', key })
    const timer = setTimeout(dropped.resolve, SLACK)
    await dropped.promise
    clearTimeout(timer)
  }

  /** Resolves when it is written, or cannot be: the end of the process is told elsewhere. */
  send(message: ToApp, handle?: NodeHandle): Promise<void> {
    return new Promise((resolve) => {
      const done = (error: Error | null) => {
        if (error) debug('%d: %s', this.#child.pid, error.message)
        resolve()
      }
      if (this.#child.connected) this.#child.send(message, handle as never, {}, done)
      else resolve()
    })
  }

  /** A process that lives on without a channel that it has never used could not make sense of it. */
  #disconnected(): void {
    const { exitCode, signalCode } = this.#child
    if (this.#isKnown || exitCode !== null || signalCode !== null) return
    this.#host.heard({ say: 'unable', reason: 'it has closed its channel' }, undefined)
  }

  #heard(message: FromApp, handle: NodeHandle | undefined): void {
    // what a preload sends that runs before the channel is taken is no message to us
    if (typeof message?.say !== 'string') return
    this.#isKnown = true
    if (message.say === 'hello') this.#hello.resolve()
    else if (message.say === 'dropped') this.#dropping.get(message.key)?.()
    else if (message.say === 'drained') this.#drained.resolve()
    else this.#host.heard(message, handle)
  }
}
