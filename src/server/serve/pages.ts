/** The pages that browsers show: an error of the app in Vite's overlay, and a reload after what only the app has seen. */
import type { EventEmitter } from 'node:events'
import type { ErrorPayload, HotPayload, ViteDevServer } from 'vite'
import type { FlatError } from '../../shared/errors.ts'
import type { Applied } from '../../shared/types.ts'
import type { HubEvents, RunnerView } from '../hub-types.ts'
import type { Backend } from './backend.ts'
import { overlayError } from './overlay-error.ts'

/** The hub and the app, as pages need them. */
export interface PagesHost {
  readonly events: EventEmitter<HubEvents>
  readonly backend: Backend
  /** `false` leaves pages as they are when the app has changed. */
  reloads(): boolean
}

/** All pages of a Vite server. */
export class Pages {
  readonly #host: PagesHost
  #server: ViteDevServer | undefined
  /** The error that pages show, and the app that has it. */
  #error: { app: string; payload: ErrorPayload } | undefined
  /** Something was saved that only the app has, and it does not run it yet. */
  #isBehind = false

  constructor(host: PagesHost) {
    this.#host = host
    host.events.on('update:applied', (app, report) => this.#applied(app, report))
    host.events.on('update:failed', ({ id }, { error }) => error && this.#failed(id, error))
    host.events.on('refused', ({ id }, error) => this.#failed(id, error))
    host.events.on('crash', ({ id }, error) => this.#failed(id, error))
    host.events.on('runner:ready', (app) => this.#runs(app))
  }

  /** The pages are those of `server` from now on. */
  follow(server: ViteDevServer): void {
    this.#server = server
    server.ws.on('vite:client:connect', (_, client) => {
      if (this.#error) client.send(this.#error.payload)
    })
  }

  /** Files were saved. Pages have Vite's own updates for what they import too. */
  saved(files: readonly (string | null)[]): void {
    const graph = this.#server?.environments.client.moduleGraph
    // a module without id is a file that a plugin reads for another one, as Tailwind does with all that has class names
    const isOfPages = (file: string) => [...(graph?.getModulesByFile(file) ?? [])].some(({ id }) => id !== null)
    if (files.some((file) => file !== null && !isOfPages(file))) this.#isBehind = true
  }

  /** An app has failed at its start or at an update, or was not replaced because of this. */
  #failed(app: string, error: FlatError): void {
    if (!this.#server || !this.#host.backend.serves(app)) return
    const payload = overlayError(app, error, this.#server.config.root)
    this.#error = { app, payload }
    this.#send(payload)
  }

  #applied(app: RunnerView, { outcome }: Applied): void {
    // else the process is replaced
    if (outcome !== 'unaccepted') this.#runs(app)
  }

  /** The app runs what was saved, unless another save is on its way. */
  #runs({ id, current }: RunnerView): void {
    const wasShown = this.#error?.app === id
    if (!current || (!wasShown && this.#host.backend.serves(id) !== true)) return
    const isOld = this.#isBehind
    this.#isBehind = false
    if (wasShown) this.#error = undefined
    if (this.#host.reloads() && (isOld || wasShown)) this.#send({ type: 'full-reload', path: '*' })
    // Vite's client takes the overlay away for an update
    else if (wasShown) this.#send({ type: 'update', updates: [] })
  }

  /** Vite keeps what it cannot send for the next page, which is loaded later than that. */
  #send(payload: HotPayload): void {
    if (this.#server && this.#server.ws.clients.size > 0) this.#server.ws.send(payload)
  }
}
