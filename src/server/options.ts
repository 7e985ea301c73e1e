/** The options of `tether()` and of the hub: their types, and the schemas that check them, which the compiler compares with the types. */
import { constants } from 'node:os'
import * as v from 'valibot'
import { TetherError } from '../shared/errors.ts'
import { check, flag, milliseconds, object, oneOf, oneOrMore, text, texts, variables } from '../shared/schema.ts'
import { LIMITS, type Limits, resolveLimits } from '../shared/session/limits.ts'
import type { StartOptions } from './hub-types.ts'

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
  /**
   * Milliseconds that must pass after the last save before the app process is replaced, for tools that write files in several
   * steps. Updates in place do not wait. @default 0
   */
  delay?: number
  /**
   * How the app process is asked to stop, and how many ms it has until it is killed. One that is replaced has `drain` ms before that,
   * for the requests that are under way. @default { signal: 'SIGTERM', timeout: 5000, drain: 1000 }
   */
  stop?: { signal?: NodeJS.Signals; timeout?: number; drain?: number }
  /**
   * The ports of the app stay open while its process is replaced: whoever connects meanwhile waits for the next one, and is told
   * what is wrong when there is none. Not on Windows. @default true
   */
  ports?: boolean
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

const PORT = 'an integer from 0 to 65535'
const PATHNAME = "a pathname that begins with '/'"
const TOKEN = 'a string of at least 16 characters'
const HOSTS = 'true or an array of strings'
const ATTACHED = 'a boolean or an object { host, port, path, token, allowedHosts }'

const ATTACH = object<AttachOptions>(
  {
    host: v.optional(text('a host name or an address')),
    port: v.optional(v.pipe(v.number(PORT), v.integer(PORT), v.minValue(0, PORT), v.maxValue(65_535, PORT))),
    path: v.optional(v.pipe(v.string(PATHNAME), v.startsWith('/', PATHNAME))),
    token: v.optional(v.pipe(v.string(TOKEN), v.minLength(16, TOKEN))),
    allowedHosts: v.optional(v.union([v.literal(true), texts(HOSTS)], HOSTS)),
  },
  ATTACHED,
)

const STOP = object<NonNullable<TetherOptions['stop']>>(
  {
    signal: v.optional(
      v.custom<NodeJS.Signals>(isStopSignal, "a signal that a process can listen to, such as 'SIGTERM' or 'SIGINT'"),
    ),
    timeout: v.optional(milliseconds()),
    drain: v.optional(milliseconds(60_000)),
  },
  'an object { signal, timeout, drain }',
)

const LIMIT = 'a number greater than 0'
const limit = v.optional(v.pipe(v.number(LIMIT), v.gtValue(0, LIMIT)))
const LIMITED = object<Partial<Limits>>(
  Object.fromEntries(Object.keys(LIMITS).map((name) => [name, limit])) as Record<keyof Limits, typeof limit>,
  'an object of numbers',
)

const SERVER_ENVIRONMENT = "the name of an environment of Vite's for servers, which 'client' is not"
const STRINGS = texts('an array of strings')

const START = object<StartOptions>({ args: v.optional(STRINGS), env: v.optional(variables) }, 'an object { args, env }')

const OPTIONS = object<TetherOptions>(
  {
    entry: v.optional(oneOrMore('the path of a file or an array of them')),
    environment: v.optional(v.pipe(text(SERVER_ENVIRONMENT), v.notValue('client', SERVER_ENVIRONMENT))),
    args: v.optional(STRINGS),
    execArgv: v.optional(STRINGS),
    env: v.optional(variables),
    cwd: v.optional(text('the path of a directory')),
    stdio: v.optional(oneOf('inherit', 'pipe')),
    onUnaccepted: v.optional(oneOf('restart', 'reload')),
    watch: v.optional(oneOrMore('a glob or an array of them')),
    ignore: v.optional(oneOrMore('a glob or an array of them')),
    delay: v.optional(milliseconds(60_000)),
    stop: v.optional(STOP),
    ports: v.optional(flag),
    standby: v.optional(flag),
    attach: v.optional(v.lazy((value) => (typeof value === 'object' ? ATTACH : v.boolean(ATTACHED)))),
    limits: v.optional(LIMITED),
    force: v.optional(flag),
  },
  'an object',
)

const ENTRY = text("the path of a file, relative to Vite's root")
const ID = text('the id of a supervised runner, as hub.runners shows it')

/** Checks `options`. Throws `ERR_CONFIG` naming the option, what was expected and what was received. */
export function checkOptions(options: TetherOptions): void {
  check(OPTIONS, options, 'tether()')
  if (!options.limits) return
  try {
    resolveLimits(options.limits)
  } catch (cause) {
    const why = (cause as Error).message
    throw new TetherError('ERR_CONFIG', `The option 'limits' of tether() contradicts itself: ${why}.`, { cause })
  }
}

/** Checks the arguments of `hub.start()`. Throws `ERR_CONFIG`. */
export function checkStart(entry: string, options: StartOptions): void {
  check(ENTRY, entry, 'hub.start()', 'the entry')
  check(START, options, 'hub.start()')
}

/** Checks what a function of the hub, such as `hub.stop()`, is given for an id. Throws `ERR_CONFIG`. */
export function checkId(id: string, where: string): void {
  check(ID, id, where, 'the id')
}

/** A process that is asked to stop has to hear it. */
function isStopSignal(value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(constants.signals, value) && !DEAF.includes(value)
}

const DEAF = ['SIGKILL', 'SIGSTOP']
