/** `vite-tether/keep` as the runner gives it to one instance of a module. */
import { createServer, type RequestListener, Server } from 'node:http'
import type { ListenOptions } from 'node:net'
import { inspect } from 'node:util'
import type { Address, KeepApi } from '../../keep.ts'
import { TetherError } from '../../shared/errors.ts'
import type { Keeper, KeptValues } from './kept-values.ts'

/** Makes `keep()` and `listen()` for one instance of a module, the keeper. */
export function createKeep(kept: KeptValues, keeper: Keeper): KeepApi {
  const keep: KeepApi['keep'] = (key, create, dispose) => kept.keep(keeper, key, create, dispose)

  const listen: KeepApi['listen'] = (handler: RequestListener | Server, ...where: unknown[]) => {
    const server = typeof handler === 'function' ? createServer(handler) : handler
    if (!(server instanceof Server) || server.listening) throw notServable(handler)
    const { address, opened } = readListen(where)
    const key = `port ${typeof address === 'object' ? JSON.stringify(address) : address}`
    let isNew = false
    const port = keep(
      key,
      () => {
        isNew = true
        return kept.createPort(address)
      },
      (each) => each.close(),
    )
    if (port.pilesUp(handler)) kept.warn(keeper, pilingUp)
    port.adopt(server)
    // A new port opens at once: if the update fails, rollBack() disposes it. A port that is open gets the new server only after
    // the update has succeeded.
    if (isNew) port.use(server, opened)
    else kept.afterUpdate(() => port.use(server, opened))
    return server
  }

  return Object.freeze({ keep, listen })
}

/**
 * Reads the arguments of `listen()` after the server, in any form that `server.listen()` of `node:net` takes: an address or port,
 * then host, backlog and callback, each of which may be left out.
 */
export function readListen([first, ...rest]: readonly unknown[]): { address: Address; opened?: () => void } {
  if (typeof first === 'function') return { address: 0, opened: first as () => void }
  const opened = rest.find((each) => typeof each === 'function') as (() => void) | undefined
  const given = { ...(opened && { opened }) }
  const host = rest.find((each) => typeof each === 'string')
  const backlog = rest.find((each) => typeof each === 'number')
  // as with Node, no port means one that the system chooses
  const address = (first ?? 0) as Address
  if (typeof address === 'object' || (host === undefined && backlog === undefined)) return { address, ...given }
  const options = { ...(host !== undefined && { host }), ...(backlog !== undefined && { backlog }) } as ListenOptions
  const isPath = typeof address === 'string' && !/^\d+$/.test(address)
  return { address: { ...(isPath ? { path: address } : { port: Number(address) }), ...options }, ...given }
}

function pilingUp(url: string): string {
  return (
    `${url} ran again and called listen() with the same app as before, which another module keeps. Routes and middleware that ` +
    `${url} adds to it are added once more, and the first one answers. Make the app in the module that adds to it.`
  )
}

function notServable(handler: unknown): TetherError {
  const got = handler instanceof Server ? 'one that listens already' : inspect(handler, { depth: 0 })
  return new TetherError(
    'ERR_CONFIG',
    `Expected listen() to get a request handler, or an http.Server that does not listen yet, got ${got}. ` +
      'Give it app.server of Fastify after ready(), app.getHttpServer() of Nest after init(), createAdaptorServer() of Hono.',
  )
}
