/** The end of servers whose port a newer one has: they are closed as far as the app sees, and their connections stay. */
import type { Server as HttpServer } from 'node:http'
import net from 'node:net'
import type { Answering } from './answering.ts'
import type { ServerInsides } from './listening.ts'
import type { ServedPort } from './served-port.ts'
import { closeIdle, endTimer } from './server-methods.ts'

interface Ending {
  /** The app was told. */
  hasClosed: boolean
  isDrained: boolean
}

/** All servers that have retired. */
export class Retirement {
  readonly #answering: Answering
  readonly #ending = new WeakMap<ServerInsides, Ending>()

  constructor(answering: Answering) {
    this.#answering = answering
  }

  has(server: ServerInsides): boolean {
    return this.#ending.has(server)
  }

  /** Its last connection has ended. */
  isGone(server: ServerInsides): boolean {
    return this.#ending.get(server)?.isDrained === true
  }

  /** It listens again. */
  revive(server: ServerInsides): void {
    this.#ending.delete(server)
  }

  /** Accepts no more connections, and leaves those alone that are there. */
  shut(server: ServerInsides): void {
    // that of http would close connections on which nothing is asked at the moment
    if (server._handle) net.Server.prototype.close.call(server)
  }

  /** Emits `close` when its requests have ended; Node would wait for the end of all connections. */
  end(server: ServerInsides): void {
    if (this.#ending.has(server)) return
    const ending: Ending = { hasClosed: false, isDrained: false }
    this.#ending.set(server, ending)
    void this.#answering.ended(new Set([server]), Number.POSITIVE_INFINITY).then(() =>
      process.nextTick(() => {
        if (this.#ending.get(server) !== ending) return
        if (!ending.hasClosed) server.emit('close')
        // the app may have told them itself
        setImmediate(() => this.#answering.dismiss(server))
      }),
    )
  }

  /** `close` of `server` is about to be emitted, by Node or by us: the first one counts. */
  closes(server: ServerInsides, port: ServedPort | undefined, node: () => boolean): boolean {
    const ending = this.#ending.get(server)
    if (!ending) return node()
    if (!server._handle && !server._connections && !ending.isDrained) {
      ending.isDrained = true
      port?.retired.delete(server)
      endTimer(server)
    }
    if (ending.hasClosed) return false
    ending.hasClosed = true
    return node()
  }

  closeIdle(servers: Iterable<ServerInsides>): void {
    for (const server of servers) {
      if ('closeIdleConnections' in server) closeIdle(server as unknown as HttpServer)
    }
  }
}
