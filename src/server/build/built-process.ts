/** The process of a server that was built, under `vite preview`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { PREVIEW_FD, type PreviewTarget } from '../../shared/built-app.ts'
import { TetherError } from '../../shared/errors.ts'
import type { HubEvents } from '../hub-types.ts'
import type { Outage } from '../ports/waiting-page.ts'
import type { ServingRunner } from '../serve/backend.ts'

/** Milliseconds that a server may take until Vite's port is opened all the same: requests wait for it. */
const PATIENCE = 10_000

/** More than the server gives its requests when it is asked to end. */
const END = 12_000

/** Runs from the time at which this is made. */
export class BuiltProcess {
  readonly events = new EventEmitter<HubEvents>()
  /** Resolves when it can be asked, or takes long. Rejects with `ERR_START` if it has ended before. */
  readonly begun: Promise<void>
  /** Why it has ended. */
  reason: string | undefined
  readonly #child: ChildProcess
  readonly #entry: string
  readonly #exited: Promise<void>
  #target: PreviewTarget | undefined

  constructor(entry: string, file: string) {
    this.#entry = entry
    // a port of its own, which an app that listens itself may take as well
    const env = { ...process.env, NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1', [PREVIEW_FD]: '3' }
    const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
    this.#child = child
    this.#exited = new Promise((resolve) => child.once('close', () => resolve()))
    this.begun = new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, PATIENCE)
      this.events.once('runner:serving', () => resolve())
      this.events.once('exit', () => {
        const text = `${this.reason} before it answered requests; its own output says why.`
        reject(new TetherError('ERR_START', text))
      })
      this.begun?.catch(() => {}).finally(() => clearTimeout(timer))
    })
    createInterface(child.stdio[3] as Duplex).on('line', (line) => {
      this.#target = JSON.parse(line) as PreviewTarget
      this.#tell('runner:serving')
    })
    child.once('exit', (code, signal) => {
      this.#target = undefined
      this.reason = `${entry} has ended with ${code === null ? `the signal ${signal}` : `exit code ${code}`}`
      this.#tell('exit')
    })
  }

  /** As requests find it: an app that answers or does not. */
  get host(): { events: EventEmitter<HubEvents>; runners(): ServingRunner[]; outage(): Outage | undefined } {
    return {
      events: this.events,
      runners: () => [this.#view],
      outage: () => this.#outage,
    }
  }

  /** Asks it to end, and waits until it has. */
  async end(): Promise<void> {
    this.events.removeAllListeners('exit')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END)
    await this.#exited
    clearTimeout(timer)
  }

  get #outage(): Outage | undefined {
    if (this.reason === undefined) return undefined
    return { name: this.#entry, reason: this.reason.slice(this.#entry.length + 1), details: undefined }
  }

  get #view(): ServingRunner {
    const target = this.#target
    return { id: this.#entry, state: 'ready', ...(target && { serving: { kind: 'listening', target } }) }
  }

  /** Requests look at no more of a runner than this. */
  #tell(event: 'runner:serving' | 'exit'): void {
    ;(this.events as EventEmitter).emit(event, this.#view)
  }
}
