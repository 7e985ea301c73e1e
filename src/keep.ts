/**
 * `vite-tether/keep` outside of vite-tether (in production, for example): plain pass-throughs. In an app process the runner answers
 * the import of this module itself (`client/keep/keep-api`), so nothing here knows of updates.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { ListenOptions } from 'node:net'

/** The functions of this module, as each side implements them. @internal */
export interface KeepApi {
  keep: typeof keep
  listen: typeof listen
}

/** A port, the path of a Unix socket or a Windows pipe, or an options object of `server.listen()` of `node:net`. */
export type Address = number | string | ListenOptions

/**
 * Returns the value of `key`; creates it when there is none, or when `create` threw or its promise was rejected before. Under
 * vite-tether the value outlives updates: it is disposed when the process stops, and when the new code of the module that kept it
 * does not keep it any more. There a key belongs to one module; a second one gets an `ERR_KEY`. `create` is not called again when
 * its code changes: put what the value depends on into the key. Elsewhere `dispose` is never called.
 *
 * Throws the error of `create`; under vite-tether also `ERR_KEY`, and `ERR_CLOSED` in code that a save has replaced while it ran.
 *
 * @param key names the value in this process
 * @param create makes the value, or a promise of it
 * @param dispose gets the value, or the value that its promise resolved to; is awaited up to 5 s
 */
export function keep<T>(key: string, create: () => T, dispose?: (value: Awaited<T>) => unknown): T
export function keep(key: string, create: () => unknown): unknown {
  // shared with the CommonJS build of this module
  const store = globalThis as Store
  store[STORE] ??= new Map()
  const values = store[STORE]
  if (!values.has(key)) {
    const value = create()
    values.set(key, value)
    if (value instanceof Promise) value.catch(() => values.delete(key))
  }
  return values.get(key)
}

/**
 * `server.listen(address, ...rest)` for a request handler, or for an `http.Server` that does not listen yet; returns the server.
 * The arguments after the address are those of `server.listen()` of `node:net`: host, backlog, callback, each of which may be left
 * out. A plain `server.listen()` does the same under vite-tether: when the module runs again the newest server takes the port over.
 * Here the server is closed with the runner as well.
 *
 * Under vite-tether it throws `ERR_CONFIG` for anything but a handler or such a server. An error of opening the port is emitted as
 * `error` of the returned server.
 *
 * @param handler a request handler, or an `http.Server` that does not listen yet
 * @param address a port (0: one that the system chooses), a path, or an options object
 * @param opened called when the server listens
 */
export function listen(handler: RequestListener | Server, address: Address, opened?: () => void): Server
/**
 * As above, with a host.
 *
 * @param handler a request handler, or an `http.Server` that does not listen yet
 * @param port a port (0: one that the system chooses)
 * @param host address or name of an interface; without it all interfaces
 * @param opened called when the server listens
 */
export function listen(
  handler: RequestListener | Server,
  port: number | string,
  host?: string,
  opened?: () => void,
): Server
/**
 * As above, with a host and a backlog.
 *
 * @param handler a request handler, or an `http.Server` that does not listen yet
 * @param port a port (0: one that the system chooses)
 * @param host address or name of an interface; without it all interfaces
 * @param backlog greatest number of connections that wait to be accepted
 * @param opened called when the server listens
 */
export function listen(
  handler: RequestListener | Server,
  port: number | string,
  host?: string,
  backlog?: number,
  opened?: () => void,
): Server
/**
 * As above, with a path or a port, and a backlog.
 *
 * @param handler a request handler, or an `http.Server` that does not listen yet
 * @param path the path of a Unix socket or a Windows pipe, or a port
 * @param backlog greatest number of connections that wait to be accepted
 * @param opened called when the server listens
 */
export function listen(
  handler: RequestListener | Server,
  path: number | string,
  backlog?: number,
  opened?: () => void,
): Server
export function listen(handler: RequestListener | Server, ...where: unknown[]): Server {
  const server = typeof handler === 'function' ? createServer(handler) : handler
  return server.listen(...(where as [ListenOptions]))
}

const STORE = 'vite-tether:keep'

interface Store {
  [STORE]?: Map<string, unknown>
}
