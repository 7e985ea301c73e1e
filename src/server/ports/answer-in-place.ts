/**
 * Answers requests to an app that has no process: 503, at once, with what is known of the reason. Whoever asks must not wait for a
 * save that may never come, and a page that was opened meanwhile comes back by itself.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { NodeHandle } from '../../shared/ports.ts'
import { answerOutage } from './outage-answer.ts'
import type { Outage } from './waiting-page.ts'

/** Milliseconds that a request may take to arrive, and an answer to be taken. */
const PATIENCE = 5000
/** Milliseconds after which a request is answered although its body has not ended. */
const BODY = 1000

/** Answers until it is closed; its handle is closed with it. */
export interface StandIn {
  /** Answers on a connection of the app's last process. */
  connect(client: NodeHandle): void
  close(): void
}

/** A server as Node's own code sees it. */
interface Insides {
  _handle: NodeHandle & { onconnection?(status: number, client: NodeHandle): void }
  _listen2(...args: unknown[]): void
}

/** Listens by means of `handle`. */
export function answerInPlace(handle: NodeHandle, outage: () => Outage): StandIn {
  const server = createServer({ headersTimeout: PATIENCE, requestTimeout: PATIENCE, connectionsCheckingInterval: 1000 })
  /** Kept connections on which nothing was asked here yet. Node's `closeIdleConnections()` takes those for busy. */
  const idle = new Set<Socket>()
  let isAdopting = false
  server.on('connection', (socket) => {
    if (!isAdopting) return
    idle.add(socket)
    socket.once('close', () => idle.delete(socket))
  })
  server.on('request', (request, response) => {
    idle.delete(request.socket)
    response.shouldKeepAlive = false
    whenRead(request, response, () => answerOutage(request, response, outage()))
  })
  // what is not HTTP
  server.on('clientError', (_, socket) => socket.destroy())
  server.on('error', () => {})
  server.keepAliveTimeout = 1
  server.setTimeout(PATIENCE, (socket) => socket.destroy())
  listenBy(server, handle)
  return {
    connect(client) {
      isAdopting = true
      inside(server)._handle.onconnection?.(0, client)
      isAdopting = false
    },
    close() {
      server.close()
      server.closeIdleConnections()
      // the app is back, then its client asks on one of these: it would be told that there is none
      for (const socket of idle) if (socket.bytesRead === 0) socket.destroy()
      setTimeout(() => server.closeAllConnections(), PATIENCE).unref()
    },
  }
}

/** A connection that is closed before its request is read is an error for the client, which does not read the answer then. */
function whenRead(request: IncomingMessage, response: ServerResponse, answer: () => void): void {
  const once = () => {
    clearTimeout(timer)
    request.off('end', once)
    if (!response.headersSent && !response.destroyed) answer()
  }
  const timer = setTimeout(once, BODY)
  request.on('error', () => {})
  request.once('end', once)
  request.resume()
}

/** Node takes a socket of a path by its number alone, and would close that twice. */
function listenBy(server: Server, handle: NodeHandle): void {
  inside(server)._handle = handle
  inside(server)._listen2(null, -1, -1, undefined, undefined, 0)
}

function inside(server: Server): Insides {
  return server as unknown as Insides
}
