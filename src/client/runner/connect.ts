/** `connect()`: options and environment of an attached runner. */
import { basename } from 'node:path'
import { inspect } from 'node:util'
import { TetherError } from '../../shared/errors.ts'
import type { FetchAnswer } from '../../shared/types.ts'
import { didYouMean } from '../../shared/util/nearest.ts'
import type { Logger } from '../hmr/log.ts'
import { FetchThread } from '../link/sync-fetch.ts'
import type { TetherRunner } from '../runner-types.ts'
import { createTetherRunner, type SessionRunner } from './session-runner.ts'

/** Options of {@link connect}; all are optional. */
export interface ConnectOptions {
  /** Where the server listens, as `hub.attach.url` says. @default the environment's TETHER_URL */
  url?: string
  /**
   * The server's token, as `hub.attach.token` says. @default the environment's TETHER_TOKEN, which is taken out of the
   * environment, so that what this process starts does not inherit it
   */
  token?: string
  /** This machine's project root: paths of modules are mapped to it. @default the working directory */
  root?: string
  /** Shown by `hub.runners`. @default the name of the script */
  name?: string
  /** A module or modules to import before `connect()` resolves. */
  entry?: string | string[]
  /** What to do with a change that nothing accepts; with `'restart'` it is only reported. @default 'reload' */
  onUnaccepted?: 'restart' | 'reload'
  /** Where lines go; an absent method falls back on a neighbour and last on the console. @default console */
  logger?: Logger
  /** Milliseconds to keep trying before the first connection; 0 is one attempt. @default 0 */
  wait?: number
  /** Ends the attempt, or the session. */
  signal?: AbortSignal
}

const OPTIONS = ['url', 'token', 'root', 'name', 'entry', 'onUnaccepted', 'logger', 'wait', 'signal']

/**
 * Joins a running Vite server. Resolves once the server has admitted this runner and `entry`, if given, is executed.
 *
 * Rejects with a `TetherError`: `ERR_CONFIG` (an option), `ERR_CONNECT` (no server), `ERR_UNAUTHORIZED` (the token),
 * `ERR_FORBIDDEN`, `ERR_VERSION`, `ERR_CLOSED` (aborted); or with what the entry throws.
 */
export function connect(options: ConnectOptions = {}): Promise<TetherRunner> {
  return connectRunner(options)
}

/** {@link connect}, with what is not for everybody. */
export async function connectRunner(options: ConnectOptions): Promise<SessionRunner> {
  const { url, token } = checked(options)
  const { root = process.cwd(), name = basename(process.argv[1] ?? 'node'), entry } = options
  const { onUnaccepted, logger, wait, signal } = options
  const fetching = new FetchThread(() => ({ url, secret: token }))
  const runner = await createTetherRunner({
    url,
    secret: token,
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

function checked(options: ConnectOptions): { url: string; token: string } {
  for (const name of Object.keys(options)) {
    if (OPTIONS.includes(name)) continue
    throw new TetherError(
      'ERR_CONFIG',
      `Unknown option '${name}' of connect().${didYouMean(name, OPTIONS) || ` It takes ${OPTIONS.join(', ')}.`}`,
    )
  }
  const { wait } = options
  if (wait !== undefined && !(wait >= 0)) {
    throw new TetherError(
      'ERR_CONFIG',
      `Expected the option 'wait' of connect() to be milliseconds, 0 or more, got ${inspect(wait)}.`,
    )
  }
  takeToken()
  const { url = process.env.TETHER_URL, token = inherited } = options
  if (!url) {
    throw new TetherError(
      'ERR_CONFIG',
      "Expected the option 'url' of connect(), or TETHER_URL in the environment: the server's hub.attach.url.",
    )
  }
  if (!token) {
    throw new TetherError(
      'ERR_CONFIG',
      "Expected the option 'token' of connect(), or TETHER_TOKEN in the environment: the server's hub.attach.token.",
    )
  }
  return { url, token }
}

let inherited: string | undefined

/** For this and later calls. */
function takeToken(): void {
  const { TETHER_TOKEN } = process.env
  if (TETHER_TOKEN === undefined) return
  inherited = TETHER_TOKEN
  delete process.env.TETHER_TOKEN
}
