/** The WebSockets of this process, whoever has accepted them. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { closeFrame } from '../../shared/util/close-frame.ts'

/** Code 1001 of the WebSocket protocol: the server goes away. */
const GOING_AWAY = closeFrame(1001)

/** All of them. */
export class WebSockets {
  /** With the bytes that were sent on the connection before. */
  readonly #asked = new Map<Socket, number>()

  /** A server has the event `upgrade`. */
  add({ headers }: IncomingMessage, socket: Socket): void {
    if (headers.upgrade?.toLowerCase() !== 'websocket') return
    this.#asked.set(socket, socket.bytesWritten)
    socket.once('close', () => this.#asked.delete(socket))
  }

  /** Tells their clients that the server goes away: they close the connection, and the app sees that they do. */
  dismiss(): void {
    for (const [socket, before] of this.#asked) {
      // one that was not accepted yet speaks HTTP
      if (socket.writable && socket.bytesWritten > before) socket.write(GOING_AWAY)
    }
  }
}
