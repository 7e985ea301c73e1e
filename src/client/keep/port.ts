/**
 * One port that stays open while the servers behind it are replaced: `listen()` of `vite-tether/keep`. The servers of the app
 * never listen themselves; requests of the real one are handed to the newest of them.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { ListenOptions } from 'node:net'
import type { Address } from '../../keep.ts'
import { within } from '../hmr/callbacks.ts'

/** Milliseconds that a request may take, from its arrival, before an update or a stop no longer waits for it. */
const GRACE = 200

/** What the real server hands on if the app's has a listener for it: Node looks for listeners before it emits these. */
const FORWARDED = ['checkContinue', 'checkExpectation', 'connect', 'upgrade', 'clientError', 'dropRequest']
/** What waits for the end of an update. */
const WAITING = ['request', 'checkContinue', 'checkExpectation', 'connect', 'upgrade']

/**
 * What Node itself does when a server listens: it starts a timer that looks after the connections, which only Node's own `close`
 * ends. The app's servers have no connections, and their timers would hold each of them, and the app behind it, for ever.
 */
const NODES_OWN = createServer().listeners('listening') as (() => void)[]

/** Properties of a server that Node reads anew for each connection or request. */
const SETTINGS = [
  'timeout',
  'keepAliveTimeout',
  'keepAliveTimeoutBuffer',
  'headersTimeout',
  'requestTimeout',
  'maxHeadersCount',
  'maxHeaderSize',
  'maxRequestsPerSocket',
  'maxConnections',
  'insecureHTTPParser',
  'joinDuplicateHeaders',
  'requireHostHeader',
] as const

/** An open port. */
export class KeptPort {
  readonly #registry: Set<KeptPort>
  readonly #address: Address
  readonly #patience: number
  #real: Server | undefined
  /** The app's server that answers. */
  #current: Server | undefined
  /** Servers whose `close()` no longer concerns the port. */
  readonly #retired = new WeakSet<Server>()
  /** Set while an update is under way: what has arrived since. */
  #waiting: (() => void)[] | undefined
  #isUpdating = false
  #handler: object | undefined
  #hasToldOfPile = false
  #timer: NodeJS.Timeout | undefined
  /** The current server was closed during the update: unless another takes over, the port goes with it. */
  #isGivenUp = false
  /** Requests under way, and when they arrived. */
  readonly #busy = new Map<ServerResponse, number>()

  /** @param patience milliseconds that requests wait for an update before they are answered by what is there */
  constructor(registry: Set<KeptPort>, address: Address, patience: number) {
    this.#registry = registry
    this.#address = address
    this.#patience = patience
  }

  /**
   * `true` if this is the handler of the last call too, and one that takes routes or the like (it has properties): then the module
   * that listens ran again, and what it adds is added to what is there. Says so once.
   */
  pilesUp(handler: object): boolean {
    const isAgain = handler === this.#handler && !this.#hasToldOfPile && Object.keys(handler).length > 0
    this.#handler = handler
    this.#hasToldOfPile ||= isAgain
    return isAgain
  }

  /** Makes the app's `server` look like one that listens here. */
  adopt(server: Server): void {
    const real = () => (this.#retired.has(server) ? undefined : this.#real)
    Object.defineProperties(server, {
      listening: { configurable: true, get: () => real()?.listening ?? false },
      address: { configurable: true, value: () => real()?.address() ?? null },
      close: { configurable: true, value: (closed?: () => void) => this.#closed(server, closed) },
      closeIdleConnections: { configurable: true, value: () => real()?.closeIdleConnections() },
      closeAllConnections: { configurable: true, value: () => real()?.closeAllConnections() },
    })
    for (const listener of NODES_OWN) server.off('listening', listener)
    server.on('newListener', (event) => {
      if (server === this.#current) this.#forward(String(event))
    })
    // a module that is part of the update may wait for it before the update can end
    if (this.#real) process.nextTick(() => server.emit('listening'))
  }

  /** From now on `server` answers. Opens the port unless it is open. */
  use(server: Server, opened?: () => void): void {
    if (this.#current && this.#current !== server) this.#retired.add(this.#current)
    this.#current = server
    this.#isGivenUp = false
    if (!this.#real) this.#open(opened)
    for (const event of FORWARDED) {
      this.#real!.removeAllListeners(event)
      if (server.listenerCount(event) > 0) this.#forward(event)
    }
    for (const name of SETTINGS) {
      const value = (server as Settings)[name]
      if (value !== undefined) (this.#real as Settings)[name] = value
    }
  }

  /** An update begins: requests wait. */
  pause(): void {
    this.#isUpdating = true
    this.#waiting ??= []
    // the update itself may be waiting for an answer of this port
    this.#timer ??= setTimeout(() => this.#flush(), this.#patience)
  }

  /** The update has failed: whoever closed the server is not going to put another in its place, and it is better than none. */
  rollBack(): void {
    this.#isGivenUp = false
  }

  /** Resolves when the requests under way have ended, but for those that take long. */
  async drain(): Promise<void> {
    const now = performance.now()
    const young = [...this.#busy].filter(([, since]) => now - since < GRACE)
    const left = Math.max(0, ...young.map(([, since]) => GRACE - (now - since)))
    const ended = young.map(([response]) => new Promise((resolve) => response.once('close', resolve)))
    if (young.length > 0) await within(left, Promise.all(ended))
  }

  /** It is over, but for its callbacks, which come first. */
  resume(): void {
    this.#isUpdating = false
    process.nextTick(() => {
      if (this.#isUpdating) return
      if (this.#isGivenUp) void this.close()
      this.#flush()
    })
  }

  /** Closes the port; resolves when the requests under way have ended, but for those that take long. */
  async close(): Promise<void> {
    const real = this.#real
    if (!real) return
    this.#real = undefined
    this.#registry.delete(this)
    real.close(() => this.#current?.emit('close'))
    this.#flush()
    await this.drain()
    real.closeAllConnections()
  }

  #open(opened: (() => void) | undefined): void {
    const real = createServer()
    this.#real = real
    this.#registry.add(this)
    real.on('request', this.#dispatcher('request'))
    real.on('error', (error) => {
      if (!real.listening) this.#fail()
      this.#current!.emit('error', error)
    })
    real.once('listening', () => {
      this.#current!.emit('listening')
      opened?.()
    })
    real.listen(this.#address as ListenOptions)
  }

  /** The port is not to be had. */
  #fail(): void {
    this.#real = undefined
    this.#registry.delete(this)
  }

  #forward(event: string): void {
    if (!FORWARDED.includes(event) || !this.#real || this.#real.listenerCount(event) > 0) return
    this.#real.on(event, this.#dispatcher(event))
  }

  #dispatcher(event: string): (...args: unknown[]) => void {
    return (...args) => {
      const emit = () => {
        const [, response] = args
        if (isResponse(response)) this.#track(response)
        // the server that has come meanwhile may not know upgrades
        if (!this.#current!.emit(event, ...args) && isSocket(response)) response.destroy()
      }
      if (this.#waiting && WAITING.includes(event)) this.#waiting.push(emit)
      else emit()
    }
  }

  #track(response: ServerResponse): void {
    this.#busy.set(response, performance.now())
    response.once('close', () => this.#busy.delete(response))
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const emit of waiting) emit()
  }

  #closed(server: Server, closed: (() => void) | undefined): Server {
    if (closed) server.once('close', closed)
    const isServing = server === this.#current && !this.#retired.has(server)
    if (isServing && this.#real && !this.#isUpdating) {
      void this.close()
      return server
    }
    if (isServing) this.#isGivenUp = true
    else this.#retired.add(server)
    process.nextTick(() => server.emit('close'))
    return server
  }
}

type Settings = { [name in (typeof SETTINGS)[number]]?: unknown }

function isResponse(value: unknown): value is ServerResponse {
  return typeof (value as ServerResponse | undefined)?.writeHead === 'function'
}

function isSocket(value: unknown): value is { destroy(): void } {
  return typeof (value as { destroy?: unknown } | undefined)?.destroy === 'function'
}
