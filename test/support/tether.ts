/** Real Vite servers with the plugin, and runners that attach to them. Everything is closed when the test ends. */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger, createServer, type InlineConfig, type Logger, type ViteDevServer } from 'vite'
import { onTestFinished } from 'vitest'
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
  hub.on('stdout', (_, line) => output.push(line))
  hub.on('stderr', (_, line) => output.push(line))
  await hub.ready
  await watched(server)
  return { server, hub, lines: output.lines, line: output.line }
}

/** Resolves once the watcher has seen every file of the project; it says that it is ready earlier than that. */
export async function watched({ config, watcher }: ViteDevServer): Promise<void> {
  const files = filesOf(config.root)
  const isSeen = (file: string) => watcher.getWatched()[dirname(file)]?.includes(basename(file))
  const limit = performance.now() + 5000
  while (!files.every(isSeen)) {
    if (performance.now() > limit)
      throw new Error(`Not watched: ${files.filter((file) => !isSeen(file))} in ${config.root}`)
    await delay(5)
  }
}

/** The files of a folder, packages and what tools keep there excepted. */
function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(
    ({ name }) => !['node_modules', '.vite', '.git'].includes(name),
  )
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? [path, ...filesOf(path)] : [path]
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
    push(text: string) {
      for (const line of stripColours(text).split('\n')) {
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
