/** The options of `tether()` and of the hub's functions: types, and schemas, which the compiler compares with the types. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import * as v from 'valibot'
import { TetherError } from '../shared/errors.ts'
import { check, flag, milliseconds, object, oneOf, oneOrMore, text, texts, variables } from '../shared/schema.ts'
import { LIMITS, type Limits, resolveLimits } from '../shared/session/limits.ts'
import type { StartOptions } from './hub-types.ts'

/** Options of the address for attached runners. */
export interface AttachOptions {
  /** Address of a separate server, see `port`. Any but a loopback address needs Vite's `server.https`. @default '127.0.0.1' */
  host?: string
  /** Port of a separate server. @default the port of Vite's http server or, where Vite has none, a free one */
  port?: number
  /** Pathname of the address; begins with `/`. @default '/__tether' */
  path?: string
  /** The secret that runners need, at least 16 characters. @default 32 random bytes for each server process */
  token?: string
  /** Further values of the `Host` header than addresses and `localhost`; `true`: all. @default Vite's `server.allowedHosts` */
  allowedHosts?: true | string[]
}

/** The process of an app that was started before there was a server. */
export interface EarlyStart {
  /** Path, in a private folder, of the file that its flags name: processes that the app starts find the server in it. */
  readonly invitation: string
  /** The process, if one that is started with `command` now would be the same. */
  take(command: object, hasChannel: boolean): ChildProcess | undefined
  /** It may have run code of the app. */
  readonly hasBegun: boolean
  readonly proven: string | undefined
  /** Resolves when Vite may be loaded, or has to be. */
  readonly settled: Promise<void>
  /** When the app had executed its entries without a server, in ms of `performance.now()`. */
  readonly readyAt: number | undefined
  readonly isTaken: boolean
  /** Its end, if that came before it was taken. */
  readonly exit: { code: number | null; signal: NodeJS.Signals | null } | undefined
  /** Ends it as the signal asks, unless it was taken. */
  stop(signal: NodeJS.Signals): Promise<void>
  /** Ends it, unless it was taken, and removes the folder. */
  discard(): void
}

/** Rules by which Vite's dev server hands requests to the app. */
export interface ServeOptions {
  /**
   * Paths that are the app's before Vite is asked: each stands for itself and for all below it, or is a regular expression if it
   * begins with `^`. @default none
   */
  routes?: string | string[]
  /**
   * The first to be asked for any other path. `'auto'`: Vite answers for its files (a module, an asset, something in `public`, an
   * `index.html` at that very path), the app for the rest; where the app answers a navigation with 404 and Vite has a fallback page
   * (`index.html`, with `appType: 'spa'`), the browser gets that page. `'pre'`: the app, and Vite for a GET that the app answers with
   * 404. `'post'`: as `'auto'`, but each navigation gets the fallback page where Vite has one. @default 'auto'
   */
  order?: 'auto' | 'pre' | 'post'
  /** Reloads pages after a change that only the app has seen, once it answers with the new code. @default true */
  reload?: boolean
  /**
   * Milliseconds that a request waits for an app that starts, and then for the first byte of its answer after the last byte of the
   * request, until it is answered with 504. @default 120000
   */
  timeout?: number
}

/** Settings that only the command line has. */
export interface CliSettings {
  /** The reader of the terminal: the app (`'inherit'`), or the command's shortcuts (`'silent'`). */
  stdin: 'inherit' | 'silent'
  /** `true` if the first exit of an app is final (`--once`). */
  once: boolean
  /** Where an entry whose export answers requests is served: `--port`, `--host`, `--strictPort`. */
  serveAt: { port?: number; host?: string | true; strict?: boolean }
  early?: EarlyStart | undefined
  /** Path of the index of what this start leaves for the next one; absent: nothing is kept. */
  keep?: string | undefined
}

/**
 * Options of `tether()`; all are optional. When `args`, `execArgv`, `env` or `cwd` is edited in the config the app is started again with it.
 * `ports`, `stdio`, `stop` and the inspector's flags are read when Vite is started.
 */
export interface TetherOptions {
  /** File to run as an app once the server is up, relative to Vite's root. Of several files each is an app. @default none */
  entry?: string | string[]
  /** Name of the Vite environment that serves the modules. @default 'ssr' */
  environment?: string
  /** Arguments of the app: its `process.argv.slice(2)`. @default [] */
  args?: string[]
  /** Node flags of the app process. @default [] */
  execArgv?: string[]
  /** Environment variables added to those that Vite was started with; `undefined` removes one. @default {} */
  env?: Record<string, string | undefined>
  /** Working directory of the app process. @default the directory Vite was started in */
  cwd?: string
  /** `'inherit'` shows the app's output, `'pipe'` makes its lines hub events `stdout` and `stderr`. @default 'inherit' */
  stdio?: 'inherit' | 'pipe'
  /** For a change that no module accepts: `'restart'` the process, or `'reload'` all modules in it. @default 'restart' */
  onUnaccepted?: 'restart' | 'reload'
  /** Globs, relative to Vite's root, of further files whose change restarts the app. `.env*` files always do. @default [] */
  watch?: string | string[]
  /** Globs, relative to Vite's root, of files whose change neither updates, restarts nor starts an app; its next process has it. @default [] */
  ignore?: string | string[]
  /**
   * Milliseconds that must pass after the last save before the app process is replaced, for tools that write files in several
   * steps. Updates in place do not wait. @default 0
   */
  delay?: number
  /**
   * A command of the shell that runs in Vite's root before the app process is replaced: generates code, checks types. Its output is
   * shown. If it fails the old process goes on. Updates in place do not wait for it, nor does the first start. @default none
   */
  before?: string
  /** The way in which the app process is stopped. */
  stop?: {
    /** The signal that asks the process to stop; not SIGKILL or SIGSTOP. @default 'SIGTERM' */
    signal?: NodeJS.Signals
    /** Milliseconds from that signal until the process is killed. @default 5000 */
    timeout?: number
    /** Milliseconds that a process which is replaced has for the requests under way, before that signal. @default 1000 */
    drain?: number
  }
  /**
   * The ports of the app stay open while its process is replaced: clients that connect meanwhile wait for the next process, and are
   * answered with the error when there is none. Not on Windows. @default true
   */
  ports?: boolean
  /**
   * Keeps the code that a start of the command has made in Vite's cache folder, so that the next start need not wait for Vite. Has no effect
   * under `vite dev`. @default true
   */
  cache?: boolean
  /**
   * Keeps a standby for each app: the next process, which has booted and holds the current code, so that a restart is fast.
   * `hub.runners` shows its memory. Off where the app would notice it: with preloads, inspector, profiler or coverage; and while
   * memory is short.
   * @default true
   */
  standby?: boolean
  /**
   * Vite's dev server hands what is not its own to the app, so that pages and API have one port: `true`, or how. Requests wait while the
   * app is started or replaced. `false`: never. Of several apps the first that answers requests gets them. Not for the command.
   * @default on for an entry that exports `fetch` or an app of Express, connect, Koa or Fastify; off for one that listens
   */
  serve?: boolean | ServeOptions
  /**
   * `false`: Vite's environment runs no modules in Vite's process but has `dispatchFetch(request)`, with which frameworks ask the app: the
   * `FetchableDevEnvironment` of Vite instead of its `RunnableDevEnvironment`. It waits while the app is started or replaced. @default true
   */
  runnable?: boolean
  /**
   * `vite build` makes pages and app: what is for browsers in `client`, below `build.outDir`, and in `server` what `node` and `vite preview`
   * run, on one port as in dev, where `serve` is on then. Needs one `entry`. @default false
   */
  build?: boolean
  /** Lets processes join that call `connect()`: `true`, or the options of their address. @default false */
  attach?: boolean | AttachOptions
  /**
   * The page `/__tether/` of Vite's dev server, which shows runners, what has happened, errors and modules. `true`: also where other
   * machines can reach the server, who then see it too. Not for the command, which has `--ui`.
   * @default on where the server listens on loopback addresses only
   */
  ui?: boolean
  /**
   * Bounds and times of sessions (PROTOCOL.md), in bytes and milliseconds. A change of them in the config has no effect until Vite is
   * started again. @default see {@link Limits}
   */
  limits?: Partial<Limits>
  /** `true` runs apps even if NODE_ENV is `production`. @default false */
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

const ROUTE = "paths that begin with '/', or regular expressions that begin with '^'"
const route = v.pipe(v.string(ROUTE), v.check(isRoute, ROUTE))
const SERVED = 'a boolean or an object { routes, order, reload, timeout }'

const SERVE = object<ServeOptions>(
  {
    routes: v.optional(v.union([route, v.array(route, ROUTE)], ROUTE)),
    order: v.optional(oneOf('auto', 'pre', 'post')),
    reload: v.optional(flag),
    timeout: v.optional(milliseconds()),
  },
  SERVED,
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
    before: v.optional(text('a command of the shell')),
    stop: v.optional(STOP),
    ports: v.optional(flag),
    cache: v.optional(flag),
    standby: v.optional(flag),
    serve: v.optional(v.lazy((value) => (typeof value === 'object' ? SERVE : v.boolean(SERVED)))),
    runnable: v.optional(flag),
    build: v.optional(flag),
    attach: v.optional(v.lazy((value) => (typeof value === 'object' ? ATTACH : v.boolean(ATTACHED)))),
    ui: v.optional(flag),
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

/** Checks the id that a function of the hub (`where`, `hub.stop()` for example) gets. Throws `ERR_CONFIG`. */
export function checkId(id: string, where: string): void {
  check(ID, id, where, 'the id')
}

/** `true` for a path, or a regular expression that compiles. */
function isRoute(value: string): boolean {
  if (!value.startsWith('^')) return value.startsWith('/')
  try {
    return new RegExp(value) instanceof RegExp
  } catch {
    return false
  }
}

/** `true` for a signal that a process can listen to. */
function isStopSignal(value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(constants.signals, value) && !DEAF.includes(value)
}

const DEAF = ['SIGKILL', 'SIGSTOP']
