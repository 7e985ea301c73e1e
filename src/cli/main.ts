#!/usr/bin/env node
/** The command: flags to a server, keys to the hub, and the app's end to an exit code. */
import inspector from 'node:inspector'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import colors from 'picocolors'
import { takeInspector, takeInspectorOption } from '../server/apps/inspector-flags.ts'
import { type FoundVite, importVite } from '../server/vite/project-vite.ts'
import { RUNNER_MARKER } from '../shared/constants.ts'
import { keepCompiledCode } from '../shared/util/compile-cache.ts'
import { distUrl } from '../shared/util/dist-files.ts'
import { ownVersions } from '../shared/versions.ts'
import { checkVite } from './check-vite.ts'
import { fail, NAME } from './fail.ts'
import { parseFlags } from './flags.ts'
import { HELP } from './help.ts'
import { projectsCommand } from './projects-command.ts'
import { hasShortcuts, type Loaded, type RunningServer, serve } from './serve.ts'
import { bindShortcuts } from './shortcuts.ts'

/** Milliseconds for which "ready" is held back: an entry whose start goes on behind a promise may fail in them. */
const HOLD = 100

const [first] = process.argv.slice(2)
if (first === 'attach') void import(distUrl('attach.js'))
else main(process.argv.slice(2)).catch((error) => fail(error, 1))

async function main(argv: readonly string[]): Promise<void> {
  const flags = parseFlags(argv)
  if (flags.print === 'help') return void process.stdout.write(HELP)
  if (flags.print === 'version') return console.log(version())
  // an app may run this command for another one: that is no server of the app's own making
  delete process.env[RUNNER_MARKER]
  const root = resolve(flags.root ?? '.')
  const own = projectsCommand(root)
  if (own) {
    if (own.version !== ownVersions().tether) console.error(`${NAME} runs the project's own version, ${own.version}`)
    // it reads the same command line
    return import(pathToFileURL(own.command).href)
  }
  const vite = checkVite(root, fileURLToPath(import.meta.url))

  leaveInspector()
  const ending = handleSignals()
  const served = await serve(flags, await load(vite))
  ending.endWith(served, flags.once)
  if (!flags.once) sayReady(served)
  await served.hub.ready.catch((error) => {
    // asked to end while it was starting
    if (!ending.begun) throw error
  })
  if (hasShortcuts(flags)) bindKeys(served, () => ending.quit(0))
}

/** An inspector that NODE_OPTIONS asks for is meant for the app, which could not have the same port. */
function leaveInspector(): void {
  if (takeInspectorOption(process.env.NODE_OPTIONS).request && !takeInspector(process.execArgv).request)
    inspector.close()
}

/** Everything that imports Vite. */
async function load(found: FoundVite): Promise<Loaded> {
  // as Vite's own command does
  keepCompiledCode()
  const [vite, { createPlugin }, { findHub }] = await Promise.all([
    importVite(found),
    import('../server/plugin/plugin.ts'),
    import('../server/plugin/registry.ts'),
  ])
  return { vite, createPlugin, hubOf: findHub }
}

interface Ending {
  /** From now on there is something to close, and an app whose exit counts. */
  endWith(served: RunningServer, once: boolean): void
  /** Closes the server and exits with `code`. */
  quit(code: number): void
  readonly begun: boolean
}

/** This process ends as its app does; the supervisors forward the signals to it and wait for it. */
function handleSignals(): Ending {
  let served: RunningServer | undefined
  let appsCode: number | undefined
  let isEnding = false

  async function close(code: () => number): Promise<void> {
    if (isEnding) return
    isEnding = true
    try {
      await served?.server.close()
      process.exit(code())
    } catch (error) {
      console.error(error)
      process.exit(1)
    }
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // after all listeners: the supervisors stop their apps with the signal, not with what closing the server would send
    process.on(signal, () => setImmediate(() => close(() => appsCode ?? 128 + constants.signals[signal])))
  }
  return {
    endWith(started, once) {
      served = started
      served.hub.on('exit', (_runner, code, signal) => {
        const shells = signal ? 128 + constants.signals[signal] : (code ?? 1)
        if (isEnding) appsCode = shells
        else if (once) void close(() => shells)
      })
    },
    quit: (code) => void close(() => code),
    get begun() {
      return isEnding
    },
  }
}

function sayReady({ hub, say }: RunningServer): void {
  const told = new Set<string>()
  let waited = false
  hub.once('exit', () => {
    waited = true
  })
  hub.on('runner:ready', ({ id, pid }) => {
    if (told.has(id)) return
    told.add(id)
    const took = Math.round(performance.now())
    const name = hub.runners.length > 1 ? `${id} ` : ''
    // an app that had to wait for a save says nothing about how fast this is
    const time = waited ? '' : ` in ${colors.bold(took)} ms`
    const held = setTimeout(() => {
      hub.off('exit', ended)
      say(`${NAME} ${colors.green(`${name}ready`)}${time}, pid ${pid}`)
    }, HOLD)
    const ended = (runner: { id: string }): void => {
      if (runner.id !== id) return
      hub.off('exit', ended)
      clearTimeout(held)
      // its next start may be told to be ready
      told.delete(id)
    }
    hub.on('exit', ended)
  })
}

function bindKeys({ hub, say }: RunningServer, quit: () => void): void {
  bindShortcuts(
    [
      { keys: ['r', 'rs'], description: 'restart the app', action: () => hub.restart() },
      {
        keys: ['u'],
        description: 'show runners and URLs',
        action() {
          for (const { id, kind, state, pid, modules, standby } of hub.runners) {
            say(`${colors.green('  ➜')}  ${colors.bold(id)} ${kind}, ${state}, pid ${pid ?? '-'}, ${modules} modules`)
            if (standby?.memory === undefined) continue
            const memory = `${Math.round(standby.memory / 2 ** 20)} MiB`
            say(colors.dim(`     its next process waits, pid ${standby.pid}, ${memory}, ${standby.modules} modules`))
          }
          if (!hub.attach) return
          const { url, tokenFile } = hub.attach
          say(`${colors.green('  ➜')}  ${colors.bold('Attach')}: ${colors.cyan(url)}`)
          if (tokenFile) say(`${colors.green('  ➜')}  ${colors.bold('Token')}: ${tokenFile}`)
        },
      },
      { keys: ['c'], description: 'clear console', action: () => console.clear() },
      { keys: ['q'], description: 'quit', action: quit },
    ],
    say,
  )
}

function version(): string {
  return `vite-tether/${ownVersions().tether} ${process.platform}-${process.arch} node-${process.version}`
}
