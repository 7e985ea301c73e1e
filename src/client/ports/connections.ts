/**
 * Connections of HTTP servers on which nothing is asked at the moment: the next process gets them, as a client that has kept one may
 * use it at any time, and takes its end for an error.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { Server as HttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { NodeHandle } from '../../shared/ports.ts'
import { WeakSets } from '../../shared/util/weak-sets.ts'
import { isFresh, isSoon } from './expected.ts'
import { closeIdle } from './server-methods.ts'

interface ConnectionHandle extends NodeHandle {
  readonly writeQueueSize: number
  reading: boolean
  readStop(): void
}

interface SocketInsides extends Socket {
  _handle: ConnectionHandle | null
  _parent?: SocketInsides | null
  server?: Server
}

/** Gives a connection to whoever is next, and says when it has arrived: until then it must not be closed. */
export type GiveAway = (handle: NodeHandle, arrived: () => void) => void

/** The connections of this process' servers. */
export class Connections {
  /** A server that newer code has replaced is not to be held, nor all that its code has, until its last connection is forgotten. */
  readonly #sockets = new WeakSets<Server, SocketInsides>(({ destroyed }) => destroyed)
  /** When each was made, or, of those that end with this process, has had its last answer. */
  readonly #usedAt = new WeakMap<SocketInsides, number>()
  /** Those that have had an answer. */
  readonly #answered = new WeakSet<SocketInsides>()

  constructor() {
    subscribe('net.server.socket', (message) => this.#add((message as { socket: SocketInsides }).socket))
    subscribe('http.server.response.finish', (message) => {
      const { socket, server } = message as { socket: SocketInsides; server: Server }
      if (canHandOver(server)) return
      this.#answered.add(socket)
      // the connection was made by the socket below the one that encrypts
      if (socket._parent) this.#forget(socket._parent)
      this.#add(socket)
    })
  }

  /** Gives those of `server` away that are idle. Nothing is to be given of a server that encrypts: the keys are in this process. */
  handOver(server: Server, give: GiveAway): void {
    if (!canHandOver(server)) return
    for (const socket of this.#idle(server)) {
      const handle = socket._handle
      // what is written is not read yet: it would be lost with this process
      if (!handle || socket.writableLength > 0 || handle.writeQueueSize > 0) continue
      handle.readStop()
      handle.reading = false
      this.#forget(socket)
      // it is not ours any more, but to close it before it has arrived would be its end
      socket.destroy = () => socket
      give(handle, () => {
        delete (socket as Partial<SocketInsides>).destroy
        socket.destroy()
      })
    }
  }

  /**
   * Closes those of `server`, which cannot be given away, that are idle. A client that has just had an answer may be about to ask again:
   * it is told with the next answer, and closes its connection itself. `true` if there is such a client.
   */
  close(server: Server): boolean {
    const soon = this.#sockets.of(server).filter((socket) => {
      const since = this.#usedAt.get(socket)!
      return this.#answered.has(socket) ? isSoon(since) : isFresh(since)
    })
    if ('closeIdleConnections' in server) withoutDestroy(soon, () => closeIdle(server as HttpServer))
    return soon.length > 0
  }

  /** Node knows which are idle, but only closes them. One that has not been used yet does not count as idle for it. */
  #idle(server: HttpServer): Set<SocketInsides> {
    const own = this.#sockets.of(server)
    const idle = withoutDestroy(own, () => closeIdle(server))
    for (const socket of own) if (socket.bytesRead === 0) idle.add(socket)
    return idle
  }

  #add(socket: SocketInsides): void {
    if (socket.server) this.#sockets.add(socket.server, socket)
    this.#usedAt.set(socket, performance.now())
  }

  #forget(socket: SocketInsides): void {
    if (socket.server) this.#sockets.delete(socket.server, socket)
  }
}

/** Returns those of `sockets` that `close` has tried to close. */
function withoutDestroy(sockets: readonly SocketInsides[], close: () => void): Set<SocketInsides> {
  const closed = new Set<SocketInsides>()
  for (const socket of sockets) {
    socket.destroy = () => {
      closed.add(socket)
      return socket
    }
  }
  close()
  for (const socket of sockets) delete (socket as Partial<SocketInsides>).destroy
  return closed
}

/** `true` if the connections of a server can be given to another process. */
export function canHandOver(server: Server): server is HttpServer {
  return 'closeIdleConnections' in server && !('setSecureContext' in server)
}
