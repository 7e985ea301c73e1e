/** The options of `connect()`: their types, the schema that checks them, and what the environment says in their place. */
import * as v from 'valibot'
import { TetherError } from '../../shared/errors.ts'
import { check, object, oneOf, oneOrMore, text } from '../../shared/schema.ts'
import type { Logger } from '../hmr/log.ts'

/** Options of `connect()`; all are optional. */
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

const WAIT = 'milliseconds, 0 or more'

const OPTIONS = object<ConnectOptions>(
  {
    url: v.optional(text("the server's hub.attach.url")),
    token: v.optional(text("the server's hub.attach.token")),
    root: v.optional(text('the path of a directory')),
    name: v.optional(text('a string')),
    entry: v.optional(oneOrMore('a module or an array of them')),
    onUnaccepted: v.optional(oneOf('restart', 'reload')),
    // a logger is often an object with more than these
    logger: v.optional(v.custom<Logger>(isLogger, 'an object with functions { info, debug, error }')),
    wait: v.optional(v.pipe(v.number(WAIT), v.minValue(0, WAIT))),
    signal: v.optional(v.custom<AbortSignal>((value) => value instanceof AbortSignal, 'an AbortSignal')),
  },
  'an object',
)

/** Checks `options`, and finds in the environment what they do not say. Throws `ERR_CONFIG`. */
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

/** For this and later calls. */
function takeToken(): void {
  const { TETHER_TOKEN } = process.env
  if (TETHER_TOKEN === undefined) return
  inherited = TETHER_TOKEN
  delete process.env.TETHER_TOKEN
}
