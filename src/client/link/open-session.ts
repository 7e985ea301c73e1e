/** Opens a session with the server of a URL. */
import { resolveLimits } from '../../shared/session/limits.ts'
import { beginSessionWith, type ClientSession, openSessionWith, type SessionSettings } from './client-session.ts'
import { createDial, type Dial, printable } from './dial.ts'

export type { ClientSession, ClientSessionEvents, Resync, SessionSettings } from './client-session.ts'

export interface OpenOptions extends SessionSettings {
  /** `ws://host:port/path`, `wss://...` or `ws+unix:/path/of/socket:/`. */
  url: string
}

/**
 * Opens a session and keeps it. Rejects with a `TetherError`: `ERR_CONFIG` (the URL), `ERR_CONNECT`, `ERR_UNAUTHORIZED`,
 * `ERR_FORBIDDEN`, `ERR_VERSION`, `ERR_PROTOCOL`, `ERR_CLOSED` (aborted); never later than `wait` plus one attempt (10 s).
 */
export async function openSession({ url, ...settings }: OpenOptions): Promise<ClientSession> {
  const dial = createDial(url, resolveLimits(settings.limits), settings.clock)
  const limits = { ...(isLocal(url) && { backoffCap: LOCAL_BACKOFF_CAP }), ...settings.limits }
  return openSessionWith(dial, printable(url), { ...settings, limits })
}

/** Where a server of this machine is. */
export interface ServerAddress {
  url: string
  secret: string
}

/** A session with a server of this machine that is still to come: it begins without a link, see `beginSessionWith`. */
export function beginSession(
  address: Promise<ServerAddress>,
  settings: Omit<SessionSettings, 'secret' | 'wait'>,
): ClientSession {
  let dial: Dial | undefined
  const limits = { backoffCap: LOCAL_BACKOFF_CAP, ...settings.limits }
  return beginSessionWith((...args) => dial!(...args), 'the server', {
    ...settings,
    limits,
    wait: Number.POSITIVE_INFINITY,
    async secret() {
      const { url, secret } = await address
      dial ??= createDial(url, resolveLimits(limits), settings.clock)
      return secret
    },
  })
}

/** Milliseconds between attempts on a loopback address: they cost nothing, and the developer who restarts Vite waits for the runner. */
const LOCAL_BACKOFF_CAP = 200

function isLocal(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'ws+unix:' || hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
