/**
 * Takes connections of runners: on a private socket, on a port of our own, or on a path of Vite's http server. Requests are refused
 * before the upgrade where that is possible (PROTOCOL.md section 2).
 */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TlsOptions } from 'node:tls'
import { createDebug } from 'obug'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Limits, resolveLimits } from '../../shared/session/limits.ts'
import type { Link } from '../../shared/session/link.ts'
import { SUBPROTOCOL } from '../../shared/session/protocol.ts'
import { wrapSocket } from '../../shared/session/socket-link.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'
import { isPlainHost } from '../allowed-hosts.ts'
import { createGate } from './gate.ts'
import { createPrivatePath, type PrivatePath } from './private-files.ts'
import { examine, type Refusal } from './upgrade-rules.ts'

const debug = createDebug('vite-tether:listener')

/** The place to listen at. */
export type ListenAt =
  | { at: 'private' }
  | { at: 'tcp'; host: string; port: number; tls?: TlsOptions; pathname?: string }
  | { at: 'server'; server: Server; pathname?: string }

export interface ListenOptions {
  where: ListenAt
  secret: string
  /** Gets each new link, in the tick of its upgrade. */
  accept(link: Link): void
  /** `true` if a `Host` header may be served; never asked on a private socket. @default addresses and `localhost` */
  allowHost?(host: string): boolean
  /** A request was refused; `from` is the address of its peer, `host` its `Host` header. */
  refused?(refusal: Refusal, from: string, host: string | undefined): void
  clock?: Clock
  limits?: Partial<Limits>
}

export interface Listener {
  /** The URL for runners; for `at: 'server'` only the path, because that server may not listen yet. */
  readonly url: string
  /** Stops listening and destroys the links that are left. Vite's http server stays open. */
  close(): Promise<void>
}

/** The default path on TCP. */
export const DEFAULT_PATHNAME = '/__tether'

/** Paths that are served on each http server: several `tether()` plugins may share one. */
const shared = new WeakMap<Server, Set<string>>()

/** Compression: messages under 1 KiB stay as they are, and each is deflated by itself, so that no link holds a window in memory. */
const DEFLATE = {
  threshold: 1024,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  zlibDeflateOptions: { level: 1 },
}

/** Starts to listen. Rejects with the socket's error if it cannot. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { where, accept, clock = systemClock, allowHost = isPlainHost } = options
  const limits = resolveLimits(options.limits)
  const gate = createGate(options.secret, clock)
  const own = where.at === 'server' ? undefined : createOwnServer(where, limits)
  const server = own ?? (where as { server: Server }).server
  const pathname = where.at === 'private' ? '/' : (where.pathname ?? DEFAULT_PATHNAME)
  const paths = shared.get(server) ?? new Set()
  shared.set(server, paths.add(pathname))
  const sockets = new Set<WebSocket>()
  const settings = {
    noServer: true,
    clientTracking: false,
    // compression costs more than it saves on a socket of this machine; `maxPayload` counts the inflated message
    perMessageDeflate: where.at === 'private' ? false : DEFLATE,
    // a message is part of a frame, which needs some bytes more
    maxPayload: limits.message + limits.frame,
    closeTimeout: limits.closeWait,
    handleProtocols: () => SUBPROTOCOL,
  }
  const websockets = new WebSocketServer(settings)

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = request.url?.split('?', 1)[0]
    const ours = path === pathname
    if (!ours && !own && !isStray(request, paths, path)) return
    // if the peer resets the connection while it is being refused, an 'error' without listener would end this process
    socket.on('error', ignore)
    const refusal = ours
      ? examine(request, { gate, allowHost: where.at === 'private' ? undefined : allowHost })
      : { status: 404, text: `nothing is served at ${path}; this server's path is ${pathname}` }
    if (refusal) {
      refuse(request, socket, refusal)
      return
    }
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      socket.off('error', ignore)
      sockets.add(websocket)
      websocket.once('close', () => sockets.delete(websocket))
      accept(wrapSocket(websocket, socket))
    })
  }

  function refuse(request: IncomingMessage, socket: Duplex, { status, text }: Refusal): void {
    debug('refused %s from %s: %d %s', request.url, request.socket.remoteAddress ?? 'local', status, text)
    options.refused?.({ status, text }, request.socket.remoteAddress ?? 'this machine', request.headers.host)
    const reason = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 426: 'Upgrade Required' }[status] ?? ''
    const head = `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`
    const answer = () => socket.end(head + text, () => socket.destroy())
    const penalty = status === 401 ? gate.penalty() : 0
    if (penalty > 0) clock.after(penalty, answer)
    else answer()
  }

  server.on('upgrade', upgrade)
  const started = own && (await start(own, where))
  debug('listening at %s', started?.url ?? pathname)
  return {
    url: started ? started.url : pathname,
    async close() {
      server.off('upgrade', upgrade)
      paths.delete(pathname)
      for (const socket of sockets) socket.terminate()
      if (!own) return
      own.closeAllConnections()
      await new Promise((resolve) => own.close(resolve))
      await started?.remove?.()
    },
  }
}

function ignore(): void {}

/** `true` for a runner that asks for a wrong path, which gets a 404. Upgrades of other protocols, as Vite's own, are left alone. */
function isStray(request: IncomingMessage, paths: Set<string>, path: string | undefined): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((name) => name.trim() === SUBPROTOCOL) && !paths.has(path ?? '')
}

function createOwnServer(where: ListenAt, limits: Limits): Server {
  // these close sockets that connect and send no request, at the latest one interval later
  const timeouts = {
    headersTimeout: limits.handshake,
    requestTimeout: limits.handshake,
    connectionsCheckingInterval: 500,
    keepAliveTimeout: 1,
  }
  const notFound: ConstructorParameters<typeof Server>[1] = (_request, response) => {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found')
  }
  if (where.at === 'tcp' && where.tls) return createTlsServer({ ...timeouts, ...where.tls }, notFound)
  return createServer(timeouts, notFound)
}

async function start(server: Server, where: ListenAt): Promise<{ url: string; remove?(): Promise<void> }> {
  if (where.at === 'tcp') {
    await bound(server, (done) => server.listen({ host: where.host, port: where.port, exclusive: true }, done))
    const { address, family, port } = server.address() as AddressInfo
    const host = family === 'IPv6' ? `[${address}]` : address
    return { url: `${where.tls ? 'wss' : 'ws'}://${host}:${port}${where.pathname ?? DEFAULT_PATHNAME}` }
  }
  const place: PrivatePath = await createPrivatePath()
  try {
    await bound(server, (done) => server.listen({ path: place.path }, done))
  } catch (error) {
    await place.remove()
    throw error
  }
  return { url: `ws+unix:${place.path}:/`, remove: place.remove }
}

function bound(server: NetServer, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    begin(() => {
      server.off('error', reject)
      resolve()
    })
  })
}
