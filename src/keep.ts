/**
 * `vite-tether/keep` as it is without vite-tether: plain pass-throughs. In an app process the runner answers the import of this
 * module itself (`client/keep/keep-api`), so nothing here knows of updates.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { ListenOptions } from 'node:net'

/** The functions of this module, as each side implements them. @internal */
export interface KeepApi {
  keep: typeof keep
  listen: typeof listen
}

/** A port, the path of a Unix socket or a Windows pipe, or what `server.listen()` of `node:net` takes. */
export type Address = number | string | ListenOptions

/**
 * Returns the value of `key`; creates it when there is none, or when `create` threw or its promise was rejected before. Under
 * vite-tether the value outlives updates: it is disposed when the process stops, and when the code of the module that kept it
 * no longer does. There a key belongs to one module; a second one gets an `ERR_KEY`. `create` is not called again when its code
 * changes: put what the value depends on into the key. Elsewhere `dispose` is never called.
 *
 * @param key names the value in this process
 * @param dispose gets the value, or what its promise resolved to; is awaited up to 5 s
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
 * What follows the address is what `server.listen()` of `node:net` takes: host, backlog, callback, each of which may be left out.
 * Under vite-tether the port is kept: when the module runs again the newest server answers, requests that arrive during an
 * update wait for its end, and `close()` of a server that was replaced does not close the port.
 *
 * @param opened called when the port is open; not when a later server takes over
 */
export function listen(handler: RequestListener | Server, address: Address, opened?: () => void): Server
export function listen(
  handler: RequestListener | Server,
  port: number | string,
  host?: string,
  opened?: () => void,
): Server
export function listen(
  handler: RequestListener | Server,
  port: number | string,
  host?: string,
  backlog?: number,
  opened?: () => void,
): Server
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
