/** Requests of HTTP/1 that are under way in this process, as Node's own diagnostics tell: nothing is added to what belongs to the app. */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { canHandOver } from './connections.ts'
import { isStreamOfEvents } from './expected.ts'

/** How many responses are kept at least before those that were aborted are looked for. */
const FEW = 64

interface Started {
  request: IncomingMessage
  response: ServerResponse
  server: Server
}

/** The requests. */
export class UnderWay {
  readonly #responses = new Map<ServerResponse, Server>()
  #many = FEW
  #isEnding = false

  constructor() {
    subscribe('http.server.request.start', (message) => this.#started(message as Started))
    subscribe('http.server.response.finish', (message) => this.#responses.delete((message as Started).response))
  }

  /** No connection that ends with this process is to be used for another request. */
  end(): void {
    this.#isEnding = true
    for (const [response, server] of this.#responses) noMore(response, server)
  }

  /** `true` if `servers` have requests to finish. */
  isBusy(servers: readonly Server[]): boolean {
    return [...this.#responses].some(([response, server]) => servers.includes(server) && isUnderWay(response))
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
  return !isGone(response) && !isStreamOfEvents(response)
}
