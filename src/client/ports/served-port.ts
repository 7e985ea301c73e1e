/** One address on which servers of this process listen, one after the other. */
import type { NodeHandle } from '../../shared/ports.ts'
import type { Answering } from './answering.ts'
import { type ListenArguments, type ListeningHandle, putInPlace, type ServerInsides, takeHandle } from './listening.ts'
import { emitOn } from './server-methods.ts'
import type { Origin } from './server-origins.ts'

/** Events of a connection that the newest server gets, whichever the connection belongs to. */
export const PASSED_ON = new Set<string | symbol>([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
  'clientError',
  'session',
  'stream',
])
/** Those among them that begin no request. */
const IMMEDIATE = new Set<string | symbol>(['clientError', 'session'])

/** An update that is under way. */
export interface PortUpdate {
  /** `server` is told to listen. Returns how to forget that. */
  begins(server: ServerInsides): () => void
  forgets(server: ServerInsides): void
  /** An error of a server: `true` if nobody but the update is to hear of it. */
  takesError(server: ServerInsides, error: Error): boolean
}

/** A server that is going to have the port, unless it is closed before. It listens by means of a stand-in. */
export interface Candidate {
  readonly server: ServerInsides
  readonly origin: Origin | undefined
  readonly inert: ListeningHandle
  /** The update during which it has come. */
  readonly update: PortUpdate | undefined
  /** It asks for this port at another address: these are the arguments, and what Node does with them. */
  readonly elsewhere?: { args: ListenArguments; node: (args: ListenArguments) => void }
}

/** The port, the servers and the clients that wait. */
export class ServedPort {
  asked: ListenArguments
  /** The server that answers. */
  server: ServerInsides
  origin: Origin | undefined
  candidate: Candidate | undefined
  /** The one before `server`, as long as the port may go back to it. */
  previous: ServerInsides | undefined
  /** Replaced servers that have connections. */
  readonly retired = new Set<ServerInsides>()
  /** The code that has made `server` was replaced, and no server of newer code has come. */
  isOrphan = false
  /** `server` has had the port for so short a time that it may be a probe. */
  isTrial = false
  /** The number of times that code which listens here has run of late, and the number of servers that have got the port since. */
  runs: number
  taken = 1
  readonly inode: string | undefined
  /** The update during which it was opened. */
  readonly update: PortUpdate | undefined
  readonly #answering: Answering
  /** The handle while no server has it. */
  #vacant: ListeningHandle | undefined
  #waiting:
    | {
        events: [event: string | symbol, args: unknown[]][]
        clients: NodeHandle[]
        timer: NodeJS.Timeout
        connect: Connect
      }
    | undefined

  constructor(
    answering: Answering,
    given: Pick<ServedPort, 'asked' | 'server' | 'origin' | 'runs' | 'inode' | 'update'>,
  ) {
    this.#answering = answering
    this.asked = given.asked
    this.server = given.server
    this.origin = given.origin
    this.runs = given.runs
    this.inode = given.inode
    this.update = given.update
  }

  /** The path of a socket that is a file. */
  get path(): string | undefined {
    const [address, number] = this.asked
    return number < 0 ? address! : undefined
  }

  get handle(): ListeningHandle | undefined {
    return this.#vacant ?? this.server._handle ?? undefined
  }

  get isVacant(): boolean {
    return this.#vacant !== undefined
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  /** A server of newer code may have the port: one for each time that such code has run. */
  get mayBeTaken(): boolean {
    return this.taken < this.runs
  }

  /** Clients wait from now on; after `patience` milliseconds they are answered by whichever server is there. */
  pause(patience: number): void {
    if (this.#waiting) return
    const handle = this.handle!
    const clients: NodeHandle[] = []
    // a module of the update may itself ask this port: without the timer both would wait for ever
    const timer = setTimeout(() => this.unpause()(), patience)
    timer.unref()
    this.#waiting = { events: [], clients, timer, connect: handle.onconnection }
    handle.onconnection = (_, client) => client && clients.push(client)
  }

  /** Clients wait no longer. Those who have are answered when the returned function is called. */
  unpause(): () => void {
    const waiting = this.#waiting
    if (!waiting) return () => {}
    this.#waiting = undefined
    clearTimeout(waiting.timer)
    this.handle!.onconnection = waiting.connect!
    return () => {
      for (const [event, args] of waiting.events) this.#deliver(event, args)
      // a server that has just come gets ready for connections at its event 'listening'
      setImmediate(() => {
        const { handle } = this
        for (const client of waiting.clients) {
          if (handle?.onconnection) handle.onconnection(0, client)
          else client.close()
        }
      })
    }
  }

  /** Ends the connections of those who wait. */
  dropWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    clearTimeout(waiting?.timer)
    for (const client of waiting?.clients ?? []) client.close()
    for (const [, [first, second]] of waiting?.events ?? []) {
      const ending = (second ?? first) as Partial<Destroyable>
      ending.destroy?.()
    }
  }

  /** `of`, which has the port or has had it, gets `event`. */
  emit(of: ServerInsides, event: string | symbol, args: unknown[], node: () => boolean): boolean {
    if (this.#waiting && !IMMEDIATE.has(event)) {
      this.#waiting.events.push([event, args])
      return true
    }
    this.#answering.begin(this.server, event, args)
    return of === this.server ? node() : emitOn(this.server, event, args)
  }

  /** It is not taken any more, and does not go back: to the server that is returned. */
  settle(): ServerInsides | undefined {
    const { previous } = this
    this.runs = 0
    this.taken = 0
    this.isTrial = false
    this.previous = undefined
    return previous
  }

  /** A server that the app closes during an update leaves its port open, without a server. */
  vacate(): void {
    this.#vacant = takeHandle(this.server)
  }

  /** `server`, which has a stand-in, has the port from now on. */
  pass(server: ServerInsides): ListeningHandle {
    const handle = this.#vacant ?? takeHandle(this.server)
    this.#vacant = undefined
    putInPlace(server, handle)
    this.server = server
    return handle
  }

  /** The server that has closed it has it again. */
  refill(): void {
    this.server._handle = this.#vacant!
    this.#vacant = undefined
  }

  /** Nobody is going to have the handle any more. */
  giveUp(): ListeningHandle | undefined {
    const handle = this.#vacant
    this.#vacant = undefined
    return handle
  }

  #deliver(event: string | symbol, args: unknown[]): void {
    const { server } = this
    const [first, second] = args as [Destroyable & Answer, (Destroyable & Answer) | undefined]
    // its client has given up meanwhile
    if ((event === 'stream' ? first : second)?.destroyed) return
    this.#answering.begin(server, event, args)
    if (emitOn(server, event, args)) return
    // what Node does where nobody listens: the server that did when the request came has been replaced
    if (event === 'upgrade' || event === 'connect') second?.destroy()
    else if (event === 'checkExpectation') second?.writeHead(417).end()
    else if (event === 'checkContinue') {
      second?.writeContinue()
      emitOn(server, 'request', args)
    }
  }
}

type Connect = ListeningHandle['onconnection']

interface Destroyable {
  destroyed: boolean
  destroy(): void
}

interface Answer {
  writeHead(status: number): { end(): void }
  writeContinue(): void
}
