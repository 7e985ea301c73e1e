/**
 * Requests that are under way in this process, as Node's own diagnostics tell: nothing is added to what belongs to the app, but for
 * HTTP/2, which tells of nothing.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { Server } from 'node:net'
import { canHandOver } from './connections.ts'

/** How many responses are kept at least before those that were aborted are looked for. */
const FEW = 64

/** An answer without an end: one that waits for it would wait as long as a browser shows the page. */
const ENDLESS = /^content-type: *text\/event-stream/im

interface Started {
  request: IncomingMessage
  response: ServerResponse
  server: Server
}

/** The requests. */
export class UnderWay {
  readonly #responses = new Map<ServerResponse, Server>()
  readonly #sessions = new Map<ServerHttp2Session, Server>()
  readonly #watched = new WeakSet<Server>()
  #many = FEW
  #isEnding = false

  constructor() {
    subscribe('http.server.request.start', (message) => this.#started(message as Started))
    subscribe('http.server.response.finish', (message) => this.#responses.delete((message as Started).response))
  }

  /** Looks after what `server` is asked. */
  watch(server: Server): void {
    // only HTTP/2 has settings that can be changed
    if (!('updateSettings' in server) || this.#watched.has(server)) return
    this.#watched.add(server)
    server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.set(session, server)
      session.once('close', () => this.#sessions.delete(session))
    })
  }

  /** No connection that ends with this process is to be used for another request. */
  end(servers: readonly Server[]): void {
    this.#isEnding = true
    for (const [response, server] of this.#responses) noMore(response, server)
    for (const [session, server] of this.#sessions) if (servers.includes(server)) session.close()
  }

  /** `true` if `servers` have requests to finish. */
  isBusy(servers: readonly Server[]): boolean {
    return (
      [...this.#responses].some(([response, server]) => servers.includes(server) && isUnderWay(response)) ||
      [...this.#sessions].some(([session, server]) => servers.includes(server) && !session.destroyed)
    )
  }

  #started({ response, server }: Started): void {
    this.#responses.set(response, server)
    if (this.#isEnding) noMore(response, server)
    if (this.#responses.size < this.#many) return
    // of those that a client has aborted nothing tells
    for (const [each] of this.#responses) if (isGone(each)) this.#responses.delete(each)
    this.#many = Math.max(FEW, this.#responses.size * 2)
  }
}

function noMore(response: ServerResponse, server: Server): void {
  if (!response.headersSent && !canHandOver(server)) response.shouldKeepAlive = false
}

function isGone({ writableFinished, destroyed, socket }: ServerResponse): boolean {
  return writableFinished || destroyed || socket?.destroyed === true
}

function isUnderWay(response: ServerResponse): boolean {
  const { _header: head } = response as unknown as { _header: string | null }
  return !isGone(response) && !ENDLESS.test(head ?? '')
}
