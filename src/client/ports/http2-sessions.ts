/**
 * HTTP/2 sessions of this process' servers, and how they end. Node refuses a request that is on its way when its session is closed, and
 * reads nothing any more of an idle one that was told to end: a client must be told while it waits for an answer.
 */
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server } from 'node:net'
import { isSoon, isStreamOfEvents } from './expected.ts'

/** No number of a request is greater: all that are on their way are answered. */
const LAST = 2 ** 31 - 1

interface State {
  server: Server
  streams: Set<ServerHttp2Stream>
  /** When it was made, or had its last answer. */
  usedAt: number
  /** The client knows that it is to ask nothing more. */
  isTold: boolean
}

/** The sessions. */
export class Http2Sessions {
  readonly #sessions = new Map<ServerHttp2Session, State>()
  readonly #watched = new WeakSet<Server>()
  #isEnding = false

  /** Looks after what `server` is asked. */
  watch(server: Server): void {
    // only HTTP/2 has settings that can be changed
    if (!('updateSettings' in server) || this.#watched.has(server)) return
    this.#watched.add(server)
    server.on('session', (session: ServerHttp2Session) => this.#add(session, server))
  }

  /** Clients of `servers` are told with an answer that it is the last one. */
  end(servers: readonly Server[]): void {
    this.#isEnding = true
    for (const [session, state] of this.#of(servers)) if (isAsked(state)) tell(session, state)
  }

  /** Closes those of which no answer is expected. `true` if one is left. */
  close(servers: readonly Server[]): boolean {
    return this.#of(servers)
      .map(([session, state]) => closeOne(session, state))
      .includes(true)
  }

  #of(servers: readonly Server[]): [ServerHttp2Session, State][] {
    return [...this.#sessions].filter(([, { server }]) => servers.includes(server))
  }

  #add(session: ServerHttp2Session, server: Server): void {
    const state: State = { server, streams: new Set(), usedAt: performance.now(), isTold: false }
    this.#sessions.set(session, state)
    session.once('close', () => this.#sessions.delete(session))
    session.on('stream', (stream) => {
      state.streams.add(stream)
      stream.once('close', () => {
        state.streams.delete(stream)
        state.usedAt = performance.now()
      })
      if (this.#isEnding) tell(session, state)
    })
  }
}

function closeOne(session: ServerHttp2Session, state: State): boolean {
  const { streams, usedAt, isTold } = state
  if (isAsked(state) || (!isTold && isSoon(usedAt))) return true
  if (!session.closed) session.close()
  // one that waits for a stream of events would wait for ever
  return streams.size === 0 && !session.destroyed
}

function isAsked({ streams }: State): boolean {
  return [...streams].some((stream) => !isStreamOfEvents(stream))
}

function tell(session: ServerHttp2Session, state: State): void {
  if (state.isTold || session.destroyed) return
  state.isTold = true
  session.goaway(0, LAST)
}
