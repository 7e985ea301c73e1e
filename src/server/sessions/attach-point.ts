/** Opens the address for attached runners: a path of Vite's http server, or a port of its own. It moves when Vite restarts. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { TlsOptions } from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { Logger, ViteDevServer } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import type { Limits } from '../../shared/session/limits.ts'
import type { ServerFunctions } from '../../shared/types.ts'
import { isAllowedHost, isLoopbackHost } from '../allowed-hosts.ts'
import type { AttachOptions } from '../options.ts'
import { createSecret } from './gate.ts'
import { DEFAULT_PATHNAME, type Listener, listen } from './listener.ts'
import { type PrivateFile, writePrivateFile } from './private-files.ts'
import { createRefusalLog } from './refusal-log.ts'
import { createSessions, type ServerSession, type Sessions } from './sessions.ts'

/** The address for attached runners. `token` is not enumerable, so that no log shows it by accident. */
export interface AttachPoint {
  /** The URL for `connect()` and `vite-tether attach`, as runners on this machine reach it. */
  readonly url: string
  /** The token for `connect()`. */
  readonly token: string
  /** Path of a file with the token that only this user can read; absent if the user has set the option `attach.token`. */
  readonly tokenFile?: string
}

/** Opens, moves and closes the address. */
export interface MovingAttachPoint {
  readonly point: AttachPoint | undefined
  /** Opens, moves or closes the address. Rejects with `ERR_CONFIG` if sources would be exposed, or with the socket's error. */
  configure(server: ViteDevServer, attach: boolean | AttachOptions): Promise<void>
  close(): Promise<void>
}

/** Makes an attach point that is not open yet. `serve` makes the functions of each session. */
export function createAttachPoint(
  serve: (session: ServerSession) => ServerFunctions,
  limits: Partial<Limits>,
): MovingAttachPoint {
  let opened: { token: string; sessions: Sessions; file: PrivateFile | undefined } | undefined
  let listener: Listener | undefined
  let settings: unknown
  let point: AttachPoint | undefined
  let announced: string | undefined

  async function move({ config, httpServer }: ViteDevServer, options: AttachOptions): Promise<void> {
    const { host = '127.0.0.1', path: pathname = DEFAULT_PATHNAME } = options
    const { https, allowedHosts: vites = [] } = config.server
    const { allowedHosts = vites } = options
    const http = options.port === undefined ? (httpServer as Server | null) : null
    if (!http && !https && !isLoopbackHost(host)) throw insecure(host)
    const { token, sessions, file } = await open(options.token)
    const rules = {
      secret: token,
      limits,
      accept: sessions.accept,
      refused: createRefusalLog(config.logger),
      allowHost: (name: string) => allowedHosts === true || isAllowedHost(name, allowedHosts),
    }
    if (http) {
      listener = await listen({ ...rules, where: { at: 'server', server: http, pathname } })
      if (!http.listening) await once(http, 'listening')
      const { address, port } = http.address() as AddressInfo
      publish(`${https ? 'wss' : 'ws'}://localhost:${port}${pathname}`, token, file)
      announce(config.logger, https !== undefined, isLoopbackHost(address))
      return
    }
    const tls = https ? { tls: await readTls(https) } : {}
    listener = await listen({ ...rules, where: { at: 'tcp', host, port: options.port ?? 0, pathname, ...tls } })
    publish(listener.url.replace(/\/\/(0\.0\.0\.0|\[::\]):/, '//localhost:'), token, file)
    announce(config.logger, https !== undefined, isLoopbackHost(host))
  }

  /** Opens the sessions. They and the token outlive Vite's restarts, unless the user changes `attach.token`. */
  async function open(given: string | undefined): Promise<NonNullable<typeof opened>> {
    if (opened && (given === undefined ? opened.file !== undefined : opened.token === given)) return opened
    await end()
    const token = given ?? createSecret()
    const file = given === undefined ? await writePrivateFile('token', token) : undefined
    opened = { token, sessions: createSessions({ secret: token, limits, functions: serve }), file }
    return opened
  }

  async function end(): Promise<void> {
    const ending = opened
    opened = undefined
    await ending?.sessions.close()
    await ending?.file?.remove()
  }

  function publish(url: string, token: string, file: PrivateFile | undefined): void {
    const shown = { url, ...(file && { tokenFile: file.path }) }
    point = Object.defineProperty(shown as AttachPoint, 'token', { value: token })
  }

  /** Prints the address once; again only if a restart of Vite changes it. */
  function announce(logger: Logger, isEncrypted: boolean, isLocal: boolean): void {
    const { url, tokenFile } = point!
    const where = `[vite-tether] runners attach at ${url}`
    if (where === announced) return
    announced = where
    const text = tokenFile === undefined ? where : `${where}, their token is in ${tokenFile}`
    if (isLocal) logger.info(text)
    else if (isEncrypted)
      logger.warn(`${text}\nOther machines can reach it: whoever has the token can read the sources.`)
    else logger.info(`${text}\nOnly from this machine, as server.https is not set.`)
  }

  return {
    get point() {
      return point
    },
    async configure(server, attach) {
      const next = attach === false ? undefined : attach === true ? {} : attach
      // Vite makes a new http server at each restart; a server of our own stays open and keeps its port
      const isOwn = next?.port !== undefined || !server.httpServer
      const { https, allowedHosts } = server.config.server
      const wanted = { next, https, allowedHosts }
      if (point && isOwn && isDeepStrictEqual(settings, wanted)) return
      settings = wanted
      point = undefined
      await listener?.close()
      listener = undefined
      if (next) await move(server, next)
      else await end()
    },
    async close() {
      await end()
      await listener?.close()
    },
  }
}

/** Reads certificates and keys that are given as paths of files, which Vite allows. */
async function readTls(https: TlsOptions): Promise<TlsOptions> {
  const read = async (value: unknown) =>
    typeof value === 'string' ? readFile(resolve(value)).catch(() => value) : value
  const entries = Object.entries(https).map(async ([name, value]) => [
    name,
    ['ca', 'cert', 'key', 'pfx'].includes(name) ? await read(value) : value,
  ])
  return Object.fromEntries(await Promise.all(entries))
}

function insecure(host: string): TetherError {
  return new TetherError(
    'ERR_CONFIG',
    `Expected the option 'attach.host' to be a loopback address, got '${host}': whoever can reach the endpoint could read the sources ` +
      'and the token. Set server.https in the Vite config, or keep 127.0.0.1 and use a tunnel such as ssh -R.',
  )
}
