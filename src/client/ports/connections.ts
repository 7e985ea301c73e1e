/**
 * Connections of HTTP servers on which nothing is asked at the moment: the next process gets them, as a client that has kept one may
 * use it at any time, and takes its end for an error.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Server as HttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { NodeHandle } from '../../shared/ports.ts'

/** How many are kept at least before those that have ended are looked for. */
const FEW = 64

interface ConnectionHandle extends NodeHandle {
  readonly writeQueueSize: number
  reading: boolean
  readStop(): void
}

/** Milliseconds after which a connection that is made, and not used, is no request that is about to come. */
const FRESH = 150

interface SocketInsides extends Socket {
  _handle: ConnectionHandle | null
  server?: Server
}

/** Gives a connection to whoever is next, and says when it has arrived: until then it must not be closed. */
export type GiveAway = (handle: NodeHandle, arrived: () => void) => void

/** The connections of this process' servers. */
export class Connections {
  /** When each was made. */
  readonly #sockets = new Map<SocketInsides, number>()
  #many = FEW

  constructor() {
    subscribe('net.server.socket', (message) => this.#add((message as { socket: SocketInsides }).socket))
  }

  /** Gives those of `server` away that are idle. Nothing is to be given of a server that encrypts: the keys are in this process. */
  handOver(server: Server, give: GiveAway): void {
    if (!canHandOver(server)) return
    const own = [...this.#sockets.keys()].filter((socket) => socket.server === server && !socket.destroyed)
    for (const socket of this.#idle(server, own)) {
      const handle = socket._handle
      // what is written is not read yet: it would be lost with this process
      if (!handle || socket.writableLength > 0 || handle.writeQueueSize > 0) continue
      handle.readStop()
      handle.reading = false
      this.#sockets.delete(socket)
      // it is not ours any more, but to close it before it has arrived would be its end
      socket.destroy = () => socket
      give(handle, () => {
        delete (socket as Partial<SocketInsides>).destroy
        socket.destroy()
      })
    }
  }

  /** `true` if a client has just connected to a server whose connections end with this process. */
  isFresh(servers: readonly Server[]): boolean {
    const last = performance.now() - FRESH
    return [...this.#sockets].some(
      ([socket, since]) =>
        since > last && !socket.destroyed && servers.includes(socket.server!) && !canHandOver(socket.server!),
    )
  }

  /** Node knows which are idle, but only closes them. One that has not been used yet does not count as idle for it. */
  #idle(server: HttpServer, sockets: readonly SocketInsides[]): Set<SocketInsides> {
    const idle = new Set(sockets.filter(({ bytesRead }) => bytesRead === 0))
    for (const socket of sockets) {
      socket.destroy = () => {
        idle.add(socket)
        return socket
      }
    }
    server.closeIdleConnections()
    for (const socket of sockets) delete (socket as Partial<SocketInsides>).destroy
    return idle
  }

  #add(socket: SocketInsides): void {
    this.#sockets.set(socket, performance.now())
    if (this.#sockets.size < this.#many) return
    for (const [each] of this.#sockets) if (each.destroyed) this.#sockets.delete(each)
    this.#many = Math.max(FEW, this.#sockets.size * 2)
  }
}

/** `true` if the connections of a server can be given to another process. */
export function canHandOver(server: Server): server is HttpServer {
  return 'closeIdleConnections' in server && !('setSecureContext' in server)
}
