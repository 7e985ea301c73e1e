/** From flags to a running Vite server with the plugin; what happens then is the hub's affair. */
import { Console } from 'node:console'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { InlineConfig, Plugin, ViteDevServer } from 'vite'
import { resolveEntry } from '../server/apps/entries.ts'
import type { Hub } from '../server/hub/hub.ts'
import type { AttachOptions, CliSettings, TetherOptions } from '../server/options.ts'
import { TetherError } from '../shared/errors.ts'
import type { Flags } from './flags.ts'

/** The modules that are loaded after the check that Vite is installed: without it, importing them would fail with Node's error. */
export interface Loaded {
  vite: typeof import('vite')
  createPlugin(options: TetherOptions, cli: CliSettings): Plugin
  hubOf(server: ViteDevServer): Hub
}

/** A running server. */
export interface RunningServer {
  server: ViteDevServer
  hub: Hub
  /** Prints a line through Vite's logger. */
  say(line: string): void
}

/**
 * Starts the server, which starts the app as soon as `hub.ready` says. Rejects with `ERR_ENTRY` or `ERR_CONFIG`, or with what
 * Vite or its config throws.
 */
export async function serve(flags: Flags, { vite, createPlugin, hubOf }: Loaded): Promise<RunningServer> {
  const root = resolve(flags.root ?? '.')
  // in a run that happens once nothing could create it later
  const entry = flags.entry === undefined ? undefined : entryPath(flags.entry, root)
  refuseSubcommand(flags, entry)
  if (entry !== undefined && flags.once) resolveEntry(entry, root)
  if (flags.config && !existsSync(resolve(root, flags.config))) throw noConfig(resolve(root, flags.config))

  // the app's stdout belongs to the app
  const logger = vite.createLogger(flags.logLevel ?? 'info', {
    allowClearScreen: flags.clearScreen,
    console: new Console(process.stderr, process.stderr),
  })
  const plugin = createPlugin(options(flags, entry), {
    stdin: hasShortcuts(flags) ? 'silent' : 'inherit',
    once: flags.once,
  })
  const server = await vite.createServer({
    root,
    customLogger: logger,
    clearScreen: flags.clearScreen,
    plugins: [plugin],
    appType: 'custom',
    // no http listener and no WebSocket for browsers
    server: { middlewareMode: true, ws: false, ...(flags.once && { watch: null }) },
    ...(flags.config !== undefined && { configFile: flags.config }),
    ...(flags.mode !== undefined && { mode: flags.mode }),
  } satisfies InlineConfig)

  try {
    const hub = hubOf(server)
    if (hub.entries.length === 0) throw noEntry()
    return { server, hub, say: (line) => logger.info(line) }
  } catch (error) {
    await server.close()
    throw error
  }
}

/** The terminal is read by us, not by the app. */
export function hasShortcuts(flags: Flags): boolean {
  return process.stdin.isTTY && !process.env.CI && !flags.stdin && !flags.once
}

/** The path of an entry. Paths that a shell completes are relative to the working directory, paths of a config to the root. */
function entryPath(entry: string, root: string): string {
  const here = resolve(entry)
  return existsSync(here) ? here : resolve(root, entry)
}

/** Subcommands of other tools: a file of that name could be waited for until it is created, but is not what anybody means. */
const SUBCOMMANDS = new Set(['watch', 'run', 'dev', 'serve', 'start', 'exec', 'node', 'tsx', 'ts-node'])
/** Words that are flags here. */
const WORDS = new Set(['help', 'version'])

/** `vite-tether watch src/x.ts`, as one writes it with tsx. */
function refuseSubcommand({ entry: word, args }: Flags, path: string | undefined): void {
  if (word === undefined || path === undefined || !(SUBCOMMANDS.has(word) || WORDS.has(word))) return
  try {
    resolveEntry(path, '.')
    return
  } catch {
    // there is no such file
  }
  const rest = args.length > 0 ? args.join(' ') : 'src/server.ts'
  const way = WORDS.has(word) ? `Write: vite-tether --${word}` : `It watches anyway; write: vite-tether ${rest}`
  throw new TetherError(
    'ERR_ENTRY',
    `vite-tether has no subcommand '${word}', and there is no such file: looked for ${path}. ${way}`,
  )
}

function options(flags: Flags, entry: string | undefined): TetherOptions {
  const { args, execArgv, onUnaccepted, include, exclude, delay, standby, ports, attach } = flags
  return {
    // whoever runs the command wants it to work
    force: true,
    ...(entry !== undefined && { entry, args }),
    ...(execArgv.length > 0 && { execArgv }),
    ...(onUnaccepted && { onUnaccepted }),
    ...(include.length > 0 && { watch: include }),
    ...(exclude.length > 0 && { ignore: exclude }),
    ...(delay !== undefined && { delay }),
    ...(!standby && { standby }),
    ...(!ports && { ports }),
    ...(attach !== undefined && { attach: { ...(attach === true ? {} : attach), ...token() } satisfies AttachOptions }),
  }
}

/** A token from the environment is for the server, not for the app. */
function token(): { token?: string } {
  const { TETHER_TOKEN: value } = process.env
  delete process.env.TETHER_TOKEN
  return value === undefined ? {} : { token: value }
}

function noConfig(path: string): TetherError {
  return new TetherError('ERR_CONFIG', `The Vite config ${path} does not exist. Correct --config, or leave it out.`)
}

function noEntry(): TetherError {
  return new TetherError(
    'ERR_CONFIG',
    "Expected an entry: vite-tether src/server.ts, or tether({ entry: 'src/server.ts' }) in the Vite config. See vite-tether --help.",
  )
}
