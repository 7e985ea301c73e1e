/** Opens the endpoints: a private socket for supervised runners and, with the option `attach`, an address for attached ones. */
import type { ViteDevServer } from 'vite'
import type { Invitation } from '../../shared/handover.ts'
import type { Limits } from '../../shared/session/limits.ts'
import type { ServerFunctions } from '../../shared/types.ts'
import type { AttachOptions } from '../options.ts'
import { type AttachPoint, createAttachPoint } from './attach-point.ts'
import { createSecret } from './gate.ts'
import { listen } from './listener.ts'
import { writePrivateFile } from './private-files.ts'
import { createSessions, type ServerSession } from './sessions.ts'

type Serve = (session: ServerSession) => ServerFunctions

/** Open endpoints. They outlive Vite's in-process restart. */
export interface Endpoints {
  /** `invitation` is the path of a file with URL and secret, for processes and threads that an app starts. */
  readonly supervised: { readonly url: string; readonly secret: string; readonly invitation: string }
  readonly attach: AttachPoint | undefined
  /** Opens, moves or closes the address for attached runners. Rejects with `ERR_CONFIG` or the socket's error. */
  configure(server: ViteDevServer, attach: boolean | AttachOptions): Promise<void>
  close(): Promise<void>
}

/** The endpoints of a hub, from before they are open until they are closed. */
export interface LazyEndpoints {
  readonly opened: Endpoints | undefined
  readonly closed: boolean
  /**
   * Opens the private socket. Later calls, as after a restart of Vite, get the same one, whose `limits` are those of the first call.
   * Resolves with `undefined` if it was closed meanwhile. `invitation`: its path, if it is known already, in a private
   * folder.
   */
  open(limits: Partial<Limits> | undefined, invitation?: string): Promise<Endpoints | undefined>
  /** Closes everything; waits for an opening under way and closes that, too. */
  close(): Promise<void>
}

/** Makes endpoints that are not open yet. `serve` makes the functions of each session. */
export function createEndpoints(serve: Serve): LazyEndpoints {
  let opening: Promise<Endpoints> | undefined
  let opened: Endpoints | undefined
  let closed = false
  return {
    get opened() {
      return opened
    },
    get closed() {
      return closed
    },
    async open(limits = {}, invitation) {
      if (closed) return undefined
      opening ??= openEndpoints(serve, limits, invitation)
      opened = await opening
      return closed ? undefined : opened
    },
    async close() {
      closed = true
      // the caller of open() has got this error
      const endpoints = await opening?.catch(() => undefined)
      await endpoints?.close()
    },
  }
}

async function openEndpoints(serve: Serve, limits: Partial<Limits>, path?: string): Promise<Endpoints> {
  const secret = createSecret()
  // these sessions never expire: the hub ends one when its process has exited, and a process at a breakpoint keeps its session
  const supervised = createSessions({ secret, kind: 'supervised', limits, functions: serve })
  const listener = await listen({ where: { at: 'private' }, secret, limits, accept: supervised.accept })
  const attached = createAttachPoint(serve, limits)
  const invitation = await writePrivateFile(
    'invitation.json',
    JSON.stringify({ url: listener.url, secret } satisfies Invitation),
    path,
  )
  return {
    supervised: { url: listener.url, secret, invitation: invitation.path },
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
