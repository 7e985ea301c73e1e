/** `vite-tether/keep` as the runner gives it to one instance of a module. */
import { createServer, type RequestListener, Server } from 'node:http'
import type { ListenOptions } from 'node:net'
import { inspect } from 'node:util'
import type { KeepApi } from '../../keep.ts'
import { TetherError } from '../../shared/errors.ts'
import type { Keeper, KeptValues } from './kept-values.ts'

/** Makes `keep()` and `listen()` for one instance of a module, the keeper. */
export function createKeep(kept: KeptValues, keeper: Keeper): KeepApi {
  const keep: KeepApi['keep'] = (key, create, dispose) => kept.keep(keeper, key, create, dispose)

  const listen: KeepApi['listen'] = (handler: RequestListener | Server, ...where: unknown[]) => {
    const server = typeof handler === 'function' ? createServer(handler) : handler
    if (!(server instanceof Server) || server.listening) throw notServable(handler)
    if (kept.pilesUp(keeper, handler, where)) kept.warn(keeper, pilingUp)
    kept.closeAtEnd(server)
    server.listen(...(where as [ListenOptions]))
    return server
  }

  return Object.freeze({ keep, listen })
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
