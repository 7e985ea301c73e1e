/**
 * Methods of Node's servers that are replaced so that a newer server can take a port over: on the prototype, where the app's own
 * servers show nothing of it.
 */
import { EventEmitter } from 'node:events'
import { Server as HttpServer } from 'node:http'
import net from 'node:net'
import type { ServerInsides } from './listening.ts'

/** Whoever is asked before a server does something. `node` is what Node does then. */
export interface ServerHooks {
  /** A server gets a listener: the first comes from its constructor as a rule. */
  gotListener(server: ServerInsides): void
  /** `listen()` is called; a name may have to be looked up before `_listen2` is. Returns how to forget that, if it throws. */
  calledListen(server: ServerInsides): () => void
  emit(server: ServerInsides, event: string | symbol, args: unknown[], node: () => boolean): boolean
  /** The server whose listeners of `event` count. */
  receiver(server: ServerInsides, event: string | symbol): ServerInsides
  close(server: ServerInsides, node: () => void): void
  /** `true` if idle connections of a server that is closed are to stay. */
  keepsIdle(server: ServerInsides): boolean
}

type Emitter = EventEmitter & { [name: string]: unknown }

/** Frames of ours that may lie between the app's call of `listen` and Node's bind. */
const OWN_FRAMES = 10

const http = HttpServer.prototype
const { closeIdleConnections, close: closeHttp } = http
const { on, emit, listenerCount } = EventEmitter.prototype

/** Told of all servers. */
export interface ServerWatcher {
  /** The app has told it to listen, and it has not bound yet. */
  begins(server: ServerInsides): void
  /** It listens, or is closed. */
  seen(server: ServerInsides): void
}

const watchers = new Set<ServerWatcher>()

/** Lets `watcher` know of all servers. */
export function watchServers(watcher: ServerWatcher): void {
  watchers.add(watcher)
}

/** Puts `hooks` in their place. */
export function hookServers(hooks: ServerHooks): void {
  const server = net.Server.prototype as unknown as Emitter
  const { listen, close } = net.Server.prototype
  const define = (target: object, name: string, value: (this: ServerInsides, ...args: never[]) => unknown): void => {
    Object.defineProperty(target, name, { configurable: true, writable: true, enumerable: false, value })
  }
  for (const name of ['on', 'addListener']) {
    define(server, name, function (...args: Parameters<typeof on>) {
      hooks.gotListener(this)
      return on.apply(this, args)
    })
  }
  define(server, 'emit', function (event: string | symbol, ...args: unknown[]) {
    if (event === 'listening' || event === 'close') for (const watcher of watchers) watcher.seen(this)
    return hooks.emit(this, event, args, () => emit.call(this, event, ...args))
  })
  define(server, 'listenerCount', function (event: string | symbol, listener?: never) {
    return listenerCount.call(hooks.receiver(this, event), event, listener)
  })
  define(server, 'listen', function (...args: Parameters<typeof listen>) {
    for (const watcher of watchers) watcher.begins(this)
    const forget = hooks.calledListen(this)
    const { stackTraceLimit } = Error
    // an error has the ten frames that are nearest: ours, which are not shown, would leave none of the app's code in it
    Error.stackTraceLimit += OWN_FRAMES
    try {
      return listen.apply(this, args)
    } catch (error) {
      forget()
      throw error
    } finally {
      Error.stackTraceLimit = stackTraceLimit
    }
  })
  define(server, 'close', function (...args: Parameters<typeof close>) {
    hooks.close(this, () => close.apply(this, args))
    return this
  })
  define(http, 'closeIdleConnections', function () {
    if (!hooks.keepsIdle(this)) closeIdleConnections.call(this as unknown as HttpServer)
  })
}

/** Emits `event` of another server on `server`, past what is replaced here. */
export function emitOn(server: ServerInsides, event: string | symbol, args: unknown[]): boolean {
  return emit.call(server, event, ...args)
}

/** As `server.closeIdleConnections()`, also of a server that keeps them. */
export function closeIdle(server: HttpServer): void {
  closeIdleConnections.call(server)
}

/** Ends the timer with which a server of Node's looks at its connections: it would keep the server in memory for ever. */
export function endTimer(server: ServerInsides): void {
  if (server instanceof HttpServer || 'closeIdleConnections' in server) closeHttp.call(server as unknown as HttpServer)
}
