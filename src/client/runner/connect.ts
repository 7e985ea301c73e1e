/** `connect()`: makes an attached runner. */
import { basename } from 'node:path'
import type { FetchAnswer } from '../../shared/types.ts'
import { FetchThread } from '../link/sync-fetch.ts'
import type { TetherRunner } from '../runner-types.ts'
import { type ConnectOptions, complete } from './connect-options.ts'
import { createTetherRunner } from './open-runner.ts'
import type { SessionRunner } from './session-runner.ts'

export type { ConnectOptions } from './connect-options.ts'

/**
 * Joins a running Vite server. Resolves once the server has admitted this runner and `entry`, if given, is executed.
 *
 * Rejects with a `TetherError`: `ERR_CONFIG` (an option), `ERR_CONNECT` (no server), `ERR_UNAUTHORIZED` (the token),
 * `ERR_FORBIDDEN` (host or missing TLS), `ERR_VERSION` (another version of the protocol), `ERR_CLOSED` (aborted); or with the error
 * of the entry.
 *
 * @param options URL, token and more; the environment has defaults for the first two
 */
export function connect(options: ConnectOptions = {}): Promise<TetherRunner> {
  return connectRunner(options)
}

/** {@link connect} for `vite-tether attach`: the token may be a function, which is called at each attempt to connect. */
export async function connectRunner({
  token: source,
  ...options
}: Omit<ConnectOptions, 'token'> & { token?: string | (() => string) }): Promise<SessionRunner> {
  const given = typeof source === 'function' ? source() : source
  const { url, token } = complete({ ...options, ...(given !== undefined && { token: given }) })
  const secret = typeof source === 'function' ? source : () => token
  const { root = process.cwd(), name = basename(process.argv[1] ?? 'node'), entry } = options
  const { onUnaccepted, logger, wait, signal } = options
  const fetching = new FetchThread(() => ({ url, secret: secret() }))
  const runner = await createTetherRunner({
    url,
    secret: typeof source === 'function' ? source : token,
    kind: 'attached',
    name,
    root,
    fetchNow: (...args) => fetching.callNow({ call: 'fetch', args }) as FetchAnswer,
    ...(onUnaccepted && { onUnaccepted }),
    ...(logger && { logger }),
    ...(wait !== undefined && { wait }),
    ...(signal && { signal }),
  })
  try {
    for (const each of [entry ?? []].flat()) await runner.import(each)
  } catch (error) {
    await runner.close()
    throw error
  }
  return runner
}
