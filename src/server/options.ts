/** The options of `tether()`: their types, defaults and checks. */
import { inspect } from 'node:util'
import { TetherError } from '../shared/errors.ts'
import { LIMITS, type Limits, resolveLimits } from '../shared/session/limits.ts'
import { didYouMean } from '../shared/util/nearest.ts'

/** Where attached runners may connect. */
export interface AttachOptions {
  /** Address of a server of its own. @default '127.0.0.1' */
  host?: string
  /** Port of a server of its own; without it attached runners use Vite's http server, or, where Vite has none, a free port. */
  port?: number
  /** Pathname of the endpoint. @default '/__tether' */
  path?: string
  /** The secret; shared by hand with machines that cannot be handed it. @default 32 random bytes per server process */
  token?: string
  /** Values of the `Host` header that are let in beside loopback names. @default Vite's `server.allowedHosts` */
  allowedHosts?: true | string[]
}

/** What the command line decides beside the options. */
export interface CliSettings {
  /** Who reads the terminal: `'silent'` leaves it to the shortcuts. */
  stdin: 'inherit' | 'silent'
  /** Run once: the first exit of an app is final. */
  once: boolean
}

/** Options of `tether()`; all are optional. */
export interface TetherOptions {
  /** File or files that a supervised runner executes once the server is up, relative to Vite's root. */
  entry?: string | string[]
  /** Name of the Vite environment that serves the modules. @default 'ssr' */
  environment?: string
  /** Arguments of the app: its `process.argv.slice(2)`. */
  args?: string[]
  /** Node flags of the app process. */
  execArgv?: string[]
  /** Environment variables added to those Vite was started with; `undefined` removes one. */
  env?: Record<string, string | undefined>
  /** Working directory of the app process. @default the directory Vite was started in */
  cwd?: string
  /** `'pipe'` makes lines of output the hub events `stdout` and `stderr`. @default 'inherit' */
  stdio?: 'inherit' | 'pipe'
  /** What happens when no module accepts a change: a new process, or all modules again in the same one. @default 'restart' */
  onUnaccepted?: 'restart' | 'reload'
  /** Globs of files that are no modules; a change restarts the app. `.env*` files always count. */
  watch?: string | string[]
  /** Globs of files that never cause anything. */
  ignore?: string | string[]
  /** How the app process is asked to stop, and how many ms it has until it is killed. @default { signal: 'SIGTERM', timeout: 5000 } */
  stop?: { signal?: NodeJS.Signals; timeout?: number }
  /**
   * Keeps the next process of an app booted and loaded with the current code, so that a restart is fast; `hub.runners` tells
   * what memory it takes. Off where it would be noticed: with preloads, inspector, profiler or coverage, and with little memory.
   * @default true
   */
  standby?: boolean
  /** Lets processes that somebody else started attach. @default false */
  attach?: boolean | AttachOptions
  /** Bounds and times of the sessions (PROTOCOL.md): bytes and milliseconds. Those with which the hub began stay until it is closed. */
  limits?: Partial<Limits>
  /** Works even where NODE_ENV is `production`. @default false */
  force?: boolean
}

const isString = (value: unknown): boolean => typeof value === 'string'
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString)
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

type Check = [expected: string, test: (value: unknown) => boolean]
const strings: Check = ['a string or an array of strings', (value) => isString(value) || isStrings(value)]

const CHECKS: Record<keyof TetherOptions, Check> = {
  entry: strings,
  environment: ['a string', isString],
  args: ['an array of strings', isStrings],
  execArgv: ['an array of strings', isStrings],
  env: ['an object', isObject],
  cwd: ['a string', isString],
  stdio: ["'inherit' or 'pipe'", (value) => value === 'inherit' || value === 'pipe'],
  onUnaccepted: ["'restart' or 'reload'", (value) => value === 'restart' || value === 'reload'],
  watch: strings,
  ignore: strings,
  stop: ['an object { signal, timeout }', isObject],
  standby: ['a boolean', (value) => typeof value === 'boolean'],
  attach: [
    'a boolean or an object { host, port, path, token, allowedHosts }',
    (value) => typeof value === 'boolean' || isObject(value),
  ],
  limits: ['an object of numbers', isObject],
  force: ['a boolean', (value) => typeof value === 'boolean'],
}

const ATTACH_CHECKS: Record<keyof AttachOptions, Check> = {
  host: ['a string', isString],
  port: [
    'an integer from 0 to 65535',
    (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65535,
  ],
  path: ["a pathname that begins with '/'", (value) => isString(value) && (value as string).startsWith('/')],
  token: ['a string of at least 16 characters', (value) => isString(value) && (value as string).length >= 16],
  allowedHosts: ['true or an array of strings', (value) => value === true || isStrings(value)],
}

const LIMIT_CHECKS: Record<string, Check> = Object.fromEntries(
  Object.keys(LIMITS).map((name) => [name, ['a number greater than 0', (value: unknown) => Number(value) > 0]]),
)

/** Checks `options`. Throws `ERR_CONFIG` naming the option, what was expected and what was received. */
export function checkOptions(options: TetherOptions): void {
  check('tether()', options, CHECKS)
  if (typeof options.attach === 'object') check('tether({ attach })', options.attach, ATTACH_CHECKS)
  if (options.limits) {
    check('tether({ limits })', options.limits, LIMIT_CHECKS)
    try {
      resolveLimits(options.limits)
    } catch (cause) {
      throw new TetherError(
        'ERR_CONFIG',
        `The option 'limits' of tether() contradicts itself: ${(cause as Error).message}.`,
        {
          cause,
        },
      )
    }
  }
}

function check(where: string, options: object, checks: Record<string, Check>): void {
  if (!isObject(options)) {
    throw new TetherError('ERR_CONFIG', `Expected the argument of ${where} to be an object, got ${inspect(options)}.`)
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      const known = Object.keys(checks)
      throw new TetherError(
        'ERR_CONFIG',
        `Unknown option '${name}' of ${where}.${didYouMean(name, known) || ` It takes ${known.join(', ')}.`}`,
      )
    }
    const [expected, test] = checks[name]!
    if (value !== undefined && !test(value)) {
      // a secret is never repeated in an error
      const received = name === 'token' ? 'another value' : inspect(value)
      throw new TetherError(
        'ERR_CONFIG',
        `Expected the option '${name}' of ${where} to be ${expected}, got ${received}.`,
      )
    }
  }
}
