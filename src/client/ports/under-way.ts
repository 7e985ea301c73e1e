/** Requests of HTTP/1 that are under way in this process, as Node's own diagnostics tell: nothing is added to what belongs to the app. */
import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:net'
import { WeakSets } from '../../shared/util/weak-sets.ts'
import { canHandOver } from './connections.ts'
import { isStreamOfEvents } from './expected.ts'

interface Started {
  request: IncomingMessage
  response: ServerResponse
  server: Server
}

/** The requests. */
export class UnderWay {
  /** Of those that a client has aborted nothing tells. */
  readonly #responses = new WeakSets<Server, ServerResponse>(isGone)
  #isEnding = false

  constructor() {
    subscribe('http.server.request.start', (message) => this.#started(message as Started))
    subscribe('http.server.response.finish', (message) => {
      const { server, response } = message as Started
      this.#responses.delete(server, response)
    })
  }

  /** No connection that ends with this process is to be used for another request, those of `servers` first. */
  end(servers: readonly Server[]): void {
    this.#isEnding = true
    for (const server of servers) for (const response of this.#responses.of(server)) noMore(response, server)
  }

  /** `true` if `servers` have requests to finish. */
  isBusy(servers: readonly Server[]): boolean {
    return servers.some((server) => this.#responses.of(server).some((response) => !isStreamOfEvents(response)))
  }

  #started({ response, server }: Started): void {
    this.#responses.add(server, response)
    if (this.#isEnding) noMore(response, server)
  }
}

function noMore(response: ServerResponse, server: Server): void {
  if (!response.headersSent && !canHandOver(server)) response.shouldKeepAlive = false
}

function isGone({ writableFinished, destroyed, socket }: ServerResponse): boolean {
  return writableFinished || destroyed || socket?.destroyed === true
}
