/**
 * A port that stays open while the servers behind it are replaced: `listen()` of `vite-tether/keep`. A server of our own listens
 * (the real one) and hands its requests to the newest server of the app. The app's servers never listen themselves.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { ListenOptions } from 'node:net'
import type { Address } from '../../keep.ts'
import { within } from '../hmr/callbacks.ts'

/** An update or a stop waits for a request until this many milliseconds after its arrival. */
const GRACE = 200

/**
 * Events that the real server listens to only while the app's server does. Node acts for itself where they have no listener: it
 * answers 100 Continue, for example, instead of emitting 'checkContinue'.
 */
const FORWARDED = ['checkContinue', 'checkExpectation', 'connect', 'upgrade', 'clientError', 'dropRequest']
/** Events that wait for the end of an update. */
const WAITING = ['request', 'checkContinue', 'checkExpectation', 'connect', 'upgrade']

/**
 * Node's own listeners of 'listening'. They start a timer that checks connections, which only Node's own `close` ends. The app's
 * servers have no connections and never reach that `close`: each timer would keep a replaced server and its app in memory for ever.
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
  /** Servers that were replaced or closed: their `close()` does not close the port. */
  readonly #retired = new WeakSet<Server>()
  /** Events that have arrived since an update began; `undefined` when they do not wait. */
  #waiting: (() => void)[] | undefined
  #isUpdating = false
  #handler: object | undefined
  #hasToldOfPile = false
  #timer: NodeJS.Timeout | undefined
  /** The app closed the current server during an update. Unless another server takes over, the port closes after the update. */
  #isGivenUp = false
  /** Requests under way, with their time of arrival. */
  readonly #busy = new Map<ServerResponse, number>()

  /** @param patience milliseconds that requests wait for an update before the current server answers them */
  constructor(registry: Set<KeptPort>, address: Address, patience: number) {
    this.#registry = registry
    this.#address = address
    this.#patience = patience
  }

  /**
   * `true` if `listen()` was called with this handler before, and the handler has properties (an app that takes routes). The module
   * that calls `listen()` ran again, and the routes it adds pile up on the same app. `true` only once.
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
    // 'listening' must not wait for the end of the update: a module of the update may await it, and the update would never end
    if (this.#real) process.nextTick(() => server.emit('listening'))
  }

  /** Lets `server` answer from now on. Opens the port unless it is open. */
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
    // a module of the update may itself fetch from this port: without the timer both would wait for ever
    this.#timer ??= setTimeout(() => this.#flush(), this.#patience)
  }

  /** The update has failed: a server that it closed goes on answering, because no other takes its place. */
  rollBack(): void {
    this.#isGivenUp = false
  }

  /** Resolves when requests under way have ended. A request older than `GRACE` is not waited for. */
  async drain(): Promise<void> {
    const now = performance.now()
    const young = [...this.#busy].filter(([, since]) => now - since < GRACE)
    const left = Math.max(0, ...young.map(([, since]) => GRACE - (now - since)))
    const ended = young.map(([response]) => new Promise((resolve) => response.once('close', resolve)))
    if (young.length > 0) await within(left, Promise.all(ended))
  }

  /** The update is over. Requests go on in the next tick, because the update's callbacks run first. */
  resume(): void {
    this.#isUpdating = false
    process.nextTick(() => {
      if (this.#isUpdating) return
      if (this.#isGivenUp) void this.close()
      this.#flush()
    })
  }

  /** Closes the port; resolves when requests under way have ended, see `drain`. */
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

  /** The port could not be opened: the next `use` tries again. */
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
        // an upgrade waits, then a server without an 'upgrade' listener takes over: the socket would stay open without an answer
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
