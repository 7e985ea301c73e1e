/** The requests, the WebSockets and the streams of events of servers that may be replaced. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { closeFrame } from '../../shared/util/close-frame.ts'
import { isStreamOfEvents } from './expected.ts'
import type { ServerInsides } from './listening.ts'

/** A response, or a stream of HTTP/2. */
interface Ending {
  once(event: 'close', listener: () => void): unknown
  destroy(): void
}

/** Code 1012 of the WebSocket protocol: the server is going to be there again. */
const SERVICE_RESTART = closeFrame(1012)

/** All of them. */
export class Answering {
  readonly #underWay = new Map<Ending, { server: ServerInsides; since: number }>()
  readonly #webSockets = new Map<Duplex, ServerInsides>()

  /** `server` gets an event of its clients. */
  begin(server: ServerInsides, event: string | symbol, args: readonly unknown[]): void {
    if (event === 'upgrade') {
      const [{ headers }, socket] = args as [IncomingMessage, Duplex]
      if (headers.upgrade?.toLowerCase() !== 'websocket') return
      this.#webSockets.set(socket, server)
      socket.once('close', () => this.#webSockets.delete(socket))
      return
    }
    const answer = event === 'stream' ? args[0] : event === 'connect' ? undefined : args[1]
    if (!isEnding(answer)) return
    this.#underWay.set(answer, { server, since: performance.now() })
    answer.once('close', () => this.#underWay.delete(answer))
  }

  /** Resolves when the requests that `servers` have begun with less than `age` milliseconds ago have ended; streams of events never do. */
  async ended(servers: ReadonlySet<ServerInsides>, age: number): Promise<void> {
    const now = performance.now()
    const young = [...this.#underWay].filter(
      ([answer, each]) => servers.has(each.server) && now - each.since < age && !isStreamOfEvents(answer),
    )
    await Promise.all(young.map(([answer]) => new Promise<void>((resolve) => answer.once('close', resolve))))
  }

  /** Those who have a WebSocket of `server` are told to come again, and those who have a stream of events do so when it is cut. */
  dismiss(server: ServerInsides): void {
    for (const [socket, of] of this.#webSockets) {
      if (of === server && socket.writable) socket.write(SERVICE_RESTART)
    }
    for (const [answer, each] of this.#underWay) {
      // as if its client had left: old code that writes on after an `end()` of ours would crash the app
      if (each.server === server && isStreamOfEvents(answer)) answer.destroy()
    }
  }
}

function isEnding(value: unknown): value is Ending {
  return typeof (value as Ending | undefined)?.once === 'function'
}
