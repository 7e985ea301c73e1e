/** Where runners connect: a private socket for supervised ones, and, if asked for, an address for attached ones. */
import type { ViteDevServer } from 'vite'
import type { Invitation } from '../shared/handover.ts'
import type { ServerFunctions } from '../shared/types.ts'
import { type AttachPoint, createAttachPoint } from './attach-point.ts'
import { listen } from './listener.ts'
import type { AttachOptions } from './options.ts'
import { writePrivateFile } from './private-file.ts'
import { createSessions, type ServerSession } from './sessions.ts'
import { createSecret } from './token.ts'

/** The endpoints of one hub. They outlive Vite's in-process restart. */
export interface Endpoints {
  /** `invitation` is a file with the two, for what an app starts. */
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
  const attached = createAttachPoint(serve)
  const invitation = await writePrivateFile(
    'invitation.json',
    JSON.stringify({ url: listener.url, secret } satisfies Invitation),
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
