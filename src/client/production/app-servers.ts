/** The http servers of this process: those of an app that listens itself have the built client in front of one of them. */
import { Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import type { FrontDoor } from './front-door.ts'
import { WebSockets } from './web-sockets.ts'

export type WebServer = HttpServer | HttpsServer

/** Told of them. */
export interface ServerEvents {
  /** The app is about to listen. */
  begins(): void
  /** `server` is the one that has the client in front, from now on. */
  isFront(server: WebServer): void
}

/** All of them, from the time at which this is made. */
export class AppServers {
  readonly #own = new WeakSet<object>()
  /** Those that listen, in the order in which they have begun to. */
  readonly listening = new Set<WebServer>()
  /** Answers that have not ended. */
  readonly underWay = new Set<ServerResponse>()
  readonly webSockets = new WebSockets()
  /** The app has told one to listen. */
  hasBegun = false
  #isEnding = false
  /** The client is in front of it. */
  #front: WebServer | undefined

  constructor(door: FrontDoor, events: ServerEvents) {
    const servers = this
    const { listen, emit } = NetServer.prototype
    NetServer.prototype.listen = function (this: NetServer, ...args: Parameters<typeof listen>) {
      if (isWebServer(this) && !servers.#own.has(this)) {
        servers.hasBegun = true
        events.begins()
      }
      return Reflect.apply(listen, this, args)
    } as typeof listen
    NetServer.prototype.emit = function (this: NetServer, event: string, ...args: unknown[]) {
      const proceed = () => Reflect.apply(emit, this, [event, ...args]) as boolean
      if (!isWebServer(this)) return proceed()
      if (event === 'listening') servers.listening.add(this)
      if (event === 'close') servers.listening.delete(this)
      if (event === 'listening' || event === 'close') {
        const before = servers.#front
        servers.#choose()
        if (servers.#front !== before && servers.#front) events.isFront(servers.#front)
      }
      if (event === 'upgrade') servers.webSockets.add(...(args as [IncomingMessage, Socket]))
      if (event === 'request') {
        const [request, response] = args as [IncomingMessage, ServerResponse]
        servers.underWay.add(response)
        if (servers.#isEnding) noMore(response)
        response.once('close', () => servers.underWay.delete(response))
        if (this === servers.#front) {
          door(request, response, proceed)
          return true
        }
      }
      return proceed()
    } as typeof emit
  }

  /** `server` is ours, not the app's. */
  except(server: WebServer): void {
    this.#own.add(server)
  }

  /**
   * Accepts no more connections, and lets those that are there end: after the answer that is under way, or after the next one. A client that
   * keeps its connection may have sent a request just now, which would be lost if the connection were closed, as `close` of http does.
   */
  end(): void {
    this.#isEnding = true
    for (const response of this.underWay) noMore(response)
    for (const server of this.listening) NetServer.prototype.close.call(server)
  }

  /** `server`, of ours, is about to be closed: the app has the port from now on. */
  leave(server: WebServer): void {
    this.listening.delete(server)
    this.#choose()
  }

  /** That on the port which the process was given, as an app may have others, for metrics say; else the first that listens. */
  #choose(): void {
    const all = [...this.listening]
    this.#front = all.find(isOnGivenPort) ?? all[0]
  }
}

function isOnGivenPort(server: WebServer): boolean {
  const address = server.address()
  return typeof address === 'object' && String(address?.port) === process.env.PORT
}

function noMore(response: ServerResponse): void {
  if (!response.headersSent) response.shouldKeepAlive = false
}

function isWebServer(server: NetServer): server is WebServer {
  return server instanceof HttpServer || server instanceof HttpsServer
}
