/** From flags to a running Vite server with the plugin; what happens then is the hub's affair. */
import { Console } from 'node:console'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { InlineConfig, Plugin, ViteDevServer } from 'vite'
import { resolveEntry } from '../server/apps/entries.ts'
import type { Hub } from '../server/hub/hub.ts'
import type { CliSettings, TetherOptions } from '../server/options.ts'
import type { CommandsPart } from '../server/plugin/plugin.ts'
import { TetherError } from '../shared/errors.ts'
import type { Flags } from './flags.ts'
import type { Settings } from './settings.ts'

/** The modules that are loaded after the check that Vite is installed: without it, importing them would fail with Node's error. */
export interface Loaded {
  vite: typeof import('vite')
  createPlugin(options: TetherOptions, cli: CliSettings, command: CommandsPart): Plugin
  hubOf(server: ViteDevServer): Hub
}

/** A hub, and how to speak of it. */
export interface HeardHub {
  hub: Hub
  /** Prints a line through Vite's logger. */
  say(line: string): void
}

/** A running server. */
export interface RunningServer extends HeardHub {
  server: ViteDevServer
}

/**
 * Starts the server, which starts the app as soon as `hub.ready` says. `hear` gets its hub before that: while Vite still optimises
 * dependencies the app may have become ready, or have ended. Rejects with `ERR_ENTRY` or `ERR_CONFIG`, or with what
 * Vite or its config throws.
 */
export async function serve(
  flags: Flags,
  { root, entry, options, cli, reads }: Settings,
  { vite, createPlugin, hubOf }: Loaded,
  hear: (heard: HeardHub) => void,
): Promise<RunningServer> {
  refuseSubcommand(flags, entry)
  // in a run that happens once nothing could create it later
  if (entry !== undefined && flags.once) resolveEntry(entry, root)
  if (flags.config && !existsSync(resolve(root, flags.config))) throw noConfig(resolve(root, flags.config))

  // the app's stdout belongs to the app
  const logger = vite.createLogger(flags.logLevel ?? 'info', {
    allowClearScreen: flags.clearScreen,
    console: new Console(process.stderr, process.stderr),
  })
  const say = (line: string) => logger.info(line)
  let heard: Hub | undefined
  const begins = (server: ViteDevServer) => {
    const hub = hubOf(server)
    // it outlives restarts of Vite
    if (hub !== heard) hear({ hub, say })
    heard = hub
  }
  const server = await vite.createServer({
    root,
    customLogger: logger,
    clearScreen: flags.clearScreen,
    plugins: [createPlugin(options, cli, { reads, begins })],
    appType: 'custom',
    // no http listener and no WebSocket for browsers
    // nor a browser to open: `open` of the config is for the user's own Vite
    server: { middlewareMode: true, ws: false, open: false, ...(flags.once && { watch: null }) },
    ...(flags.config !== undefined && { configFile: flags.config }),
    ...(flags.mode !== undefined && { mode: flags.mode }),
  } satisfies InlineConfig)

  try {
    const hub = hubOf(server)
    if (hub.entries.length === 0) {
      await hub.ready
      // a server that only waits for runners has no app of its own
      if (!hub.attach || flags.once) throw noEntry()
    }
    return { server, hub, say }
  } catch (error) {
    await server.close()
    throw error
  }
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

function noConfig(path: string): TetherError {
  return new TetherError('ERR_CONFIG', `The Vite config ${path} does not exist. Correct --config, or leave it out.`)
}

function noEntry(): TetherError {
  return new TetherError(
    'ERR_CONFIG',
    "Expected an entry: vite-tether src/server.ts, or tether({ entry: 'src/server.ts' }) in the Vite config; tether({ attach: true }) without one serves runners that attach. See vite-tether --help.",
  )
}
