/** Where runners connect: a private socket for supervised ones, and, if asked for, an address for attached ones. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { ViteDevServer } from 'vite'
import { TetherError } from '../shared/errors.ts'
import type { ServerFunctions } from '../shared/types.ts'
import { isLoopbackHost, isPlainHost } from './gatekeeper.ts'
import { writeInvitation } from './invitation.ts'
import { DEFAULT_PATHNAME, type Listener, listen } from './listener.ts'
import type { AttachOptions } from './options.ts'
import { createSessions, type ServerSession } from './sessions.ts'
import { createSecret } from './token.ts'

/** Where attached runners connect. The token is not enumerable, so that no log shows it by accident. */
export interface AttachPoint {
  readonly url: string
  readonly token: string
}

/** The endpoints of one hub. They outlive Vite's in-process restart. */
export interface Endpoints {
  /** `invitation` is a file with the two. */
  readonly supervised: { readonly url: string; readonly secret: string; readonly invitation: string }
  readonly attach: AttachPoint | undefined
  /** Opens, moves or closes the address for attached runners. Rejects with `ERR_CONFIG` or the socket's error. */
  configure(server: ViteDevServer, attach: boolean | AttachOptions): Promise<void>
  close(): Promise<void>
}

/** Opens the private socket. `serve` makes the functions of each session. */
export async function openEndpoints(serve: (session: ServerSession) => ServerFunctions): Promise<Endpoints> {
  const secret = createSecret()
  // the hub ends these when it is told that the process has exited; a process at a breakpoint keeps its session
  const supervised = createSessions({ secret, kind: 'supervised', functions: serve })
  const listener = await listen({ where: { at: 'private' }, secret, accept: supervised.accept })
  const attached = createAttachment(serve)
  const invitation = await writeInvitation({ url: listener.url, secret })
  return {
    supervised: { url: listener.url, secret, invitation: invitation.file },
    get attach() {
      return attached.point
    },
    configure: attached.configure,
    async close() {
      await Promise.all([supervised.close(), attached.close()])
      await listener.close()
      await invitation.remove()
    },
  }
}

function createAttachment(serve: (session: ServerSession) => ServerFunctions) {
  let opened: { token: string; sessions: ReturnType<typeof createSessions> } | undefined
  let listener: Listener | undefined
  let settings: AttachOptions | undefined
  let point: AttachPoint | undefined

  async function move(server: ViteDevServer, options: AttachOptions): Promise<void> {
    const {
      host = '127.0.0.1',
      path: pathname = DEFAULT_PATHNAME,
      allowedHosts = server.config.server.allowedHosts,
    } = options
    const token = options.token ?? opened?.token ?? createSecret()
    if (opened?.token !== token) {
      await opened?.sessions.close()
      opened = { token, sessions: createSessions({ secret: token, functions: serve }) }
    }
    const rules = {
      secret: token,
      accept: opened.sessions.accept,
      allowHost: (name: string) => allowedHosts === true || isPlainHost(name) || matches(name, allowedHosts ?? []),
    }
    const { https } = server.config.server
    const http = options.port === undefined ? (server.httpServer as Server | null) : null
    if (http) {
      listener = await listen({ ...rules, where: { at: 'server', server: http, pathname } })
      if (!http.listening) await once(http, 'listening')
      const { port } = http.address() as AddressInfo
      publish(`${https ? 'wss' : 'ws'}://localhost:${port}${pathname}`, token)
      return
    }
    if (!https && !isLoopbackHost(host)) throw insecure(host)
    const tls = https ? { tls: https } : {}
    listener = await listen({ ...rules, where: { at: 'tcp', host, port: options.port ?? 0, pathname, ...tls } })
    publish(listener.url, token)
  }

  function publish(url: string, token: string): void {
    point = Object.defineProperty({ url } as AttachPoint, 'token', { value: token })
  }

  return {
    get point() {
      return point
    },
    async configure(server: ViteDevServer, attach: boolean | AttachOptions): Promise<void> {
      const next = attach === false ? undefined : attach === true ? {} : attach
      // an http server of Vite's is a new one after each restart; a server of our own stays, and its port with it
      const isOwn = next?.port !== undefined || !server.httpServer
      if (point && isOwn && isDeepStrictEqual(settings, next)) return
      settings = next
      point = undefined
      await listener?.close()
      listener = undefined
      if (next) await move(server, next)
      else await opened?.sessions.close()
    },
    async close(): Promise<void> {
      await opened?.sessions.close()
      await listener?.close()
    },
  }
}

/** Vite's rule for `server.allowedHosts`: a leading dot covers the domain and its subdomains. */
function matches(header: string, allowed: readonly string[]): boolean {
  const host = header.replace(/:\d+$/, '').toLowerCase()
  return allowed.some((each) => (each.startsWith('.') ? host === each.slice(1) || host.endsWith(each) : host === each))
}

function insecure(host: string): TetherError {
  return new TetherError(
    'ERR_CONFIG',
    `Expected the option 'attach.host' to be a loopback address, got '${host}': whoever can reach the endpoint could read the sources ` +
      'and the token. Set server.https in the Vite config, or keep 127.0.0.1 and use a tunnel such as ssh -R.',
  )
}
