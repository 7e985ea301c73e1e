/** The app behind Vite's port, over its processes: where it answers, or why it does not. */
import { EventEmitter } from 'node:events'
import type { Serving } from '../../shared/types.ts'
import type { HubEvents, RunnerView } from '../hub-types.ts'
import type { Outage } from '../ports/waiting-page.ts'

/** An app, as far as requests concern it: each asks for all of them, and a whole view would take longer than what it is made for. */
export interface ServingRunner extends Pick<RunnerView, 'id' | 'state'> {
  serving?: Serving | undefined
}

/** The hub's knowledge of the apps. */
export interface BackendHost {
  readonly events: EventEmitter<HubEvents>
  /** The supervised ones. */
  runners(): ServingRunner[]
  /** Why the app has no process; `undefined` if it has one, or is about to. */
  outage(id: string): Outage | undefined
  /** `true`: any app; `undefined`: those that do not listen by themselves; `false`: none. */
  wanted(): boolean | undefined
}

/** Where the app answers, or why it does not. `unsure`: it may be one that does not want to be asked. */
export type Whereabouts =
  | { name: string; target: Serving['target'] }
  | { name: string; outage: Outage; unsure: boolean }
  | { name: string; starts: true; unsure: boolean }

const CHANGES = ['runner:connect', 'runner:ready', 'runner:serving', 'restart', 'exit'] as const

/** The app that answers. Requests wait for a change of its whereabouts. */
export class Backend {
  readonly #host: BackendHost
  readonly #changes = new EventEmitter().setMaxListeners(0)
  /** The kind of answers that each app gave last. */
  readonly #kinds = new Map<string, Serving['kind']>()

  constructor(host: BackendHost) {
    this.#host = host
    for (const event of CHANGES) {
      host.events.on(event, ({ id, serving }: RunnerView) => {
        if (serving) this.#kinds.set(id, serving.kind)
        this.changed()
      })
    }
  }

  /** There is a change that no event of the hub tells. */
  changed(): void {
    this.#changes.emit('change')
  }

  /** `undefined` if no app is to be asked. */
  get whereabouts(): Whereabouts | undefined {
    const app = this.#host.runners().find((each) => this.#mayServe(each))
    if (!app) return undefined
    const { id: name, serving } = app
    if (serving) return { name, target: serving.target }
    const unsure = this.#host.wanted() !== true && !this.#kinds.has(name)
    const outage = this.#host.outage(name)
    return outage ? { name, outage, unsure } : { name, starts: true, unsure }
  }

  /** `true` if the app answers requests that are not Vite's, or `maybe` if it is not known whether it does: it has never begun. */
  serves(id: string): boolean | 'maybe' {
    const app = this.whereabouts
    if (app?.name !== id) return false
    return 'unsure' in app && app.unsure ? 'maybe' : true
  }

  /** Resolves at the next change: `true`, or after `ms`, or when `signal` is aborted: `false`. */
  nextChange(ms: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isChanged: boolean) => {
        clearTimeout(timer)
        this.#changes.off('change', heard)
        signal.removeEventListener('abort', aborted)
        resolve(isChanged)
      }
      const heard = () => end(true)
      const aborted = () => end(false)
      const timer = setTimeout(aborted, ms)
      this.#changes.on('change', heard)
      signal.addEventListener('abort', aborted)
      if (signal.aborted) aborted()
    })
  }

  #mayServe({ id, state }: ServingRunner): boolean {
    const wanted = this.#host.wanted()
    const kind = this.#kinds.get(id)
    if (wanted === false) return false
    // one that runs and serves nothing has another purpose, unless it is the only one and listens late
    if (kind === undefined) return state !== 'ready' || (wanted === true && this.#host.runners().length === 1)
    return wanted === true || kind !== 'listening'
  }
}
