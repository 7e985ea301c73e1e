/** The options of `connect()`: their types, the schema that checks them, and the environment variables in their place. */
import * as v from 'valibot'
import { TetherError } from '../../shared/errors.ts'
import { check, object, oneOf, oneOrMore, text } from '../../shared/schema.ts'
import type { Logger } from '../hmr/log.ts'

/** Options of `connect()`; all are optional. */
export interface ConnectOptions {
  /** The server's URL: its `hub.attach.url`, as this machine reaches it. @default TETHER_URL of the environment */
  url?: string
  /**
   * The server's token: its `hub.attach.token`. @default TETHER_TOKEN of the environment. `connect()` deletes that variable, so that
   * child processes do not inherit it
   */
  token?: string
  /** This machine's project root: paths of modules are mapped to it. @default the working directory */
  root?: string
  /** Name of the runner in `hub.runners`. @default the name of the script */
  name?: string
  /** One or more modules to import before `connect()` resolves. @default none */
  entry?: string | string[]
  /** For a change that no module accepts: `'reload'` executes all modules again; `'restart'` only reports it. @default 'reload' */
  onUnaccepted?: 'restart' | 'reload'
  /** The receiver of log lines. @default console */
  logger?: Logger
  /** Milliseconds for which the first connection is tried; 0 is one attempt. @default 0 */
  wait?: number
  /** When aborted, ends the attempt to connect, or the session. @default none */
  signal?: AbortSignal
}

const WAIT = 'milliseconds, 0 or more'

const OPTIONS = object<ConnectOptions>(
  {
    url: v.optional(text("the server's hub.attach.url")),
    token: v.optional(text("the server's hub.attach.token")),
    root: v.optional(text('the path of a directory')),
    name: v.optional(text('a string')),
    entry: v.optional(oneOrMore('a module or an array of them')),
    onUnaccepted: v.optional(oneOf('restart', 'reload')),
    // not v.object(): loggers often have further members
    logger: v.optional(v.custom<Logger>(isLogger, 'an object with functions { info, debug, error }')),
    wait: v.optional(v.pipe(v.number(WAIT), v.minValue(0, WAIT))),
    signal: v.optional(v.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal')),
  },
  'an object',
)

/** Checks `options`, and takes URL and token from the environment where they are absent. Throws `ERR_CONFIG`. */
export function complete(options: ConnectOptions): { url: string; token: string } {
  check(OPTIONS, options, 'connect()')
  takeToken()
  const { url = process.env.TETHER_URL, token = inherited } = options
  if (!url) throw missing('url', 'TETHER_URL')
  if (!token) throw missing('token', 'TETHER_TOKEN')
  return { url, token }
}

function isLogger(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { info, debug, error } = value as Record<string, unknown>
  return [info, debug, error].every((method) => method === undefined || typeof method === 'function')
}

function missing(name: string, variable: string): TetherError {
  return new TetherError(
    'ERR_CONFIG',
    `Expected the option '${name}' of connect(), or ${variable} in the environment: the server's hub.attach.${name}.`,
  )
}

let inherited: string | undefined

/** Moves the token from the environment to this module, for this and later calls of `connect()`. */
function takeToken(): void {
  const { TETHER_TOKEN } = process.env
  if (TETHER_TOKEN === undefined) return
  inherited = TETHER_TOKEN
  delete process.env.TETHER_TOKEN
}
