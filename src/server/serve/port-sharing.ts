/** Vite's port is the app's as well: puts the order of requests, the way to the app and its pages together. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Connect, ProxyOptions, ViteDevServer } from 'vite'
import { isAllowedHost } from '../allowed-hosts.ts'
import type { ServeOptions, TetherOptions } from '../options.ts'
import { type AppAccess, answerByApp } from './answer-by-app.ts'
import { answerUpgrade, refuseUpgrade } from './answer-upgrade.ts'
import { awaitBodies } from './awaited-bodies.ts'
import { Backend, type BackendHost } from './backend.ts'
import { KeptConnections } from './kept-connections.ts'
import { Pages } from './pages.ts'
import { timeoutOf } from './reach-app.ts'
import { createOrder, type Side } from './request-order.ts'
import { putBeforeSearch } from './search-of-vite.ts'

/** The hub, as far as it concerns requests. */
export type SharingHost = Omit<BackendHost, 'wanted'>

type Handler = (request: Connect.IncomingMessage, response: ServerResponse, next: Connect.NextFunction) => void

/** The sharing of one hub, over Vite's restarts. */
export class PortSharing {
  readonly #backend: Backend
  readonly #pages: Pages
  readonly #connections: KeptConnections
  #serve: TetherOptions['serve'] = false
  /** Ends what hangs on the server of before. */
  #left = new AbortController()

  constructor(host: SharingHost) {
    this.#backend = new Backend({
      ...host,
      wanted: () => (this.#serve === undefined ? undefined : this.#serve !== false),
    })
    this.#connections = new KeptConnections(host.events)
    this.#pages = new Pages({
      ...{ events: host.events, backend: this.#backend },
      reloads: () => this.#options.reload ?? true,
    })
  }

  /** Shares the port of `server`, a new one. Returns what is to be called when Vite has its own handlers. */
  share(server: ViteDevServer, { serve, attach }: TetherOptions): (() => void) | undefined {
    this.#left.abort()
    this.#left = new AbortController()
    this.#serve = serve
    if (serve === false) return undefined
    const { config } = server
    const http = httpServerOf(server)
    const access: AppAccess = {
      ...{ backend: this.#backend, connections: this.#connections, timeout: timeoutOf(serve) },
      awaited: awaitBodies(http, this.#left.signal),
      say: (text) => config.logger.error(`[vite-tether] ${text}`, { timestamp: true }),
    }
    this.#pages.follow(server)
    const order = createOrder(config, this.#options)
    /** Requests that the app has left to Vite: it is not asked again. */
    const passed = new WeakSet<IncomingMessage>()
    const handle =
      (sideOf: (request: IncomingMessage, url: string) => Side): Handler =>
      (request, response, next) => {
        const url = request.originalUrl ?? request.url ?? '/'
        const side = sideOf(request, url)
        if (side === 'vite' || passed.has(request) || !this.#backend.whereabouts) return next()
        const pass = () => {
          passed.add(request)
          next()
        }
        void answerByApp(access, { request, response, url, pass, isShared: side === 'app-first' })
      }
    server.middlewares.use(handle(order.before))
    if (http) this.#shareUpgrades(server, http, access, typeof attach === 'object' ? attach.path : undefined)
    return () => {
      putBeforeSearch(server.middlewares, handle(order.atSearch))
      server.middlewares.use(handle(order.after))
    }
  }

  /** An app's whereabouts have changed in a way that no event of the hub tells. */
  changed(): void {
    this.#backend.changed()
  }

  /** Files of modules or of the option `watch` were saved. */
  saved(files: readonly (string | null)[]): void {
    this.#pages.saved(files)
  }

  close(): void {
    this.#left.abort()
    this.#connections.close()
  }

  get #options(): ServeOptions {
    return typeof this.#serve === 'object' ? this.#serve : {}
  }

  #shareUpgrades({ config }: ViteDevServer, http: Server, access: AppAccess, attachPath = '/__tether'): void {
    const { allowedHosts, https, proxy = {} } = config.server
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const protocol = request.headers['sec-websocket-protocol'] ?? ''
      const url = request.url ?? '/'
      if (/^vite-(hmr|ping)$/.test(protocol) || url.replace(/\?.*/s, '') === attachPath || isProxied(url, proxy)) return
      if (!this.#backend.whereabouts) return
      if (!https && allowedHosts !== true && !isAllowedHost(request.headers.host ?? '', allowedHosts ?? [])) {
        refuseUpgrade(socket, 403, 'This host is not allowed: see server.allowedHosts of Vite')
      } else void answerUpgrade(access, { request, socket, head })
    }
    http.on('upgrade', upgrade)
    this.#left.signal.addEventListener('abort', () => http.off('upgrade', upgrade))
  }
}

/** The server behind Vite's handlers: Vite's own, or one that it was told of. */
function httpServerOf({ httpServer, config }: ViteDevServer): Server | undefined {
  const { middlewareMode, ws, hmr } = config.server
  const told = [middlewareMode, ws, hmr].flatMap((each) => (typeof each === 'object' && each.server) || [])
  return (httpServer ?? told[0]) as Server | undefined
}

/** `true` if Vite's option `proxy` takes an upgrade. */
export function isProxied(url: string, proxy: Record<string, string | ProxyOptions>): boolean {
  return Object.entries(proxy).some(([context, options]) => {
    const { ws, target } = typeof options === 'string' ? { ws: false, target: options } : options
    const isMeant = context.startsWith('^') ? new RegExp(context).test(url) : url.startsWith(context)
    return isMeant && (ws || /^wss?:/.test(String(target)))
  })
}
