/** Real Vite servers with the plugin, and runners that attach to them. Everything is closed when the test ends. */
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger, createServer, type InlineConfig, type Logger, type ViteDevServer } from 'vite'
import { onTestFailed, onTestFinished } from 'vitest'
import { type ConnectOptions, connect } from '../../src/client/runner/connect.ts'
import type { TetherRunner } from '../../src/client/runner-types.ts'
import { getTether, type TetherHub, type TetherOptions, tether } from '../../src/index.ts'

/** A Vite server with the plugin. */
export interface TestServer {
  server: ViteDevServer
  hub: TetherHub
  /** The lines of the terminal, without colours. */
  lines: string[]
  /** Resolves with the line that matches, among those so far or to come. */
  line(pattern: RegExp): Promise<string>
}

/** Starts Vite over `root` with `tether(options)`; nothing of it listens on a port unless `attach` is set. */
export async function startServer(
  root: string,
  options: TetherOptions = {},
  config: InlineConfig = {},
): Promise<TestServer> {
  const output = createLines()
  const server = await createServer({
    root,
    configFile: false,
    customLogger: toLogger(output.push),
    ...config,
    server: { middlewareMode: true, ws: false, ...config.server },
    plugins: [...[config.plugins ?? []].flat(), tether({ stdio: 'pipe', ...options })],
  })
  onTestFinished(() => server.close())
  if (!server.config.server.middlewareMode) await server.listen()
  const hub = getTether(server)
  tellFailure(server, output.lines)
  hub.on('stdout', (_, line) => output.push(line))
  hub.on('stderr', (_, line) => output.push(line))
  await hub.ready
  await watched(server)
  return { server, hub, lines: output.lines, line: output.line }
}

/**
 * Resolves once the watcher sees each file of the project, and each folder's additions; it says that it is ready earlier than that. A
 * file is in its list, then a test makes another one, then the folder is watched: nobody would hear of that file.
 */
export async function watched({ config, watcher }: ViteDevServer): Promise<void> {
  // what Chokidar has to close: a folder's is there when it is watched
  const { _closers: closers } = watcher as unknown as { _closers: Map<string, unknown> }
  const entries = [config.root, ...entriesOf(config.root)]
  const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  const isListed = (path: string) => watcher.getWatched()[dirname(path)]?.includes(basename(path)) === true
  const isWatched = (path: string) => closers.has(path) || (!isFolder(path) && isListed(path))
  const limit = performance.now() + 5000
  while (!entries.every(isWatched)) {
    if (performance.now() > limit)
      throw new Error(`Not watched: ${entries.filter((path) => !isWatched(path))} in ${config.root}`)
    await delay(5)
  }
}

/** If the test fails, prints what was said, and which files the watcher has told of: the next run of it may not fail. */
export function tellFailure({ config, watcher }: ViteDevServer, lines: readonly string[]): void {
  const began = performance.now()
  const files: string[] = []
  watcher.on('all', (event, file) => {
    files.push(`${Math.round(performance.now() - began)} ms ${event} ${relative(config.root, file)}`)
  })
  onTestFailed(() => {
    const failed = `after ${Math.round(performance.now() - began)} ms`
    console.error(['Said:', ...lines.slice(-100), 'Files:', ...files.slice(-100), `Failed ${failed}`].join('\n'))
  })
}

/** The files and folders in a folder, packages and what tools keep there excepted. */
function entriesOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(
    ({ name }) => !['node_modules', '.vite', '.git'].includes(name),
  )
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? [path, ...entriesOf(path)] : [path]
  })
}

/** A runner in this process, attached to `server`. */
export interface TestRunner {
  runner: TetherRunner
  lines: string[]
  line(pattern: RegExp): Promise<string>
  /** Resolves when the next change has been handled. */
  applied(): Promise<unknown>
}

/** Attaches to a server that was started with `attach: true`. */
export async function attach(
  { hub }: Pick<TestServer, 'hub'>,
  root: string,
  options: Partial<ConnectOptions> = {},
): Promise<TestRunner> {
  const output = createLines()
  const { url, token } = hub.attach!
  const runner = await connect({
    url,
    token,
    root,
    logger: { info: output.push, debug: output.push, error: output.push },
    ...options,
  })
  onTestFinished(() => runner.close())
  return {
    runner,
    lines: output.lines,
    line: output.line,
    applied: () => once(runner, 'applied').then(([report]) => report),
  }
}

/** Lines that tests wait for. */
export function createLines() {
  const lines: string[] = []
  const waiting = new Set<(line: string) => void>()
  return {
    lines,
    /** Takes what Vite's logger is given: of a plugin's hook an error itself. */
    push(text: string | Error) {
      for (const line of stripColours(String(text)).split('\n')) {
        lines.push(line)
        for (const wake of waiting) wake(line)
      }
    },
    line(pattern: RegExp): Promise<string> {
      const found = lines.find((line) => pattern.test(line))
      if (found !== undefined) return Promise.resolve(found)
      return new Promise((resolve) => {
        const wake = (line: string) => {
          if (!pattern.test(line)) return
          waiting.delete(wake)
          resolve(line)
        }
        waiting.add(wake)
      })
    },
  }
}

function stripColours(text: string): string {
  return text.replace(/\u001b\[[0-9;]*m/g, '')
}

function toLogger(push: (line: string) => void): Logger {
  const logger = createLogger('info')
  return Object.assign(logger, { info: push, warn: push, error: push, warnOnce: push })
}
