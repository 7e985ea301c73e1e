/** Keys of the terminal, as Vite's: a letter and enter. Vite's own need its http server, which we do not start. */
import { createInterface } from 'node:readline'
import colors from 'picocolors'
import { placesForAccept } from '../server/page/module-search.ts'
import { openPage } from '../server/page/own-port.ts'
import type { RunningServer } from './serve.ts'

/** One key. */
export interface Shortcut {
  keys: string[]
  description: string
  action(): void | Promise<void>
}

/** Listens to the terminal. Call the returned function to stop. */
export function bindShortcuts(shortcuts: readonly Shortcut[], print: (line: string) => void): () => void {
  const help: Shortcut = {
    keys: ['h'],
    description: 'show help',
    action: () => {
      print('\n  Shortcuts')
      for (const { keys, description } of shortcuts) {
        print(colors.dim('  press ') + colors.bold(`${keys[0]} + enter`) + colors.dim(` to ${description}`))
      }
    },
  }
  const terminal = createInterface({ input: process.stdin })
  let running = false
  terminal.on('line', async (line) => {
    const key = line.trim().toLowerCase()
    const shortcut = [help, ...shortcuts].find(({ keys }) => keys.includes(key))
    if (!shortcut || running) return
    running = true
    try {
      await shortcut.action()
    } catch (error) {
      print(colors.red((error as Error).message))
    } finally {
      running = false
    }
  })
  print(
    `${colors.dim(colors.green('  ➜'))}${colors.dim('  press ')}${colors.bold('h + enter')}${colors.dim(' to show help')}`,
  )
  return () => terminal.close()
}

/** The page of the command, on a port that is opened when somebody wants to see it. */
export class CommandPage {
  readonly #served: RunningServer
  #url: Promise<string> | undefined

  constructor(served: RunningServer) {
    this.#served = served
  }

  /** Opens the port unless it is open, and prints the address. A port that is taken is said; the app runs on. */
  async show(port = 0): Promise<string | undefined> {
    const { hub, say } = this.#served
    this.#url ??= openPage(hub, port)
    try {
      const url = await this.#url
      say(`${colors.green('  ➜')}  ${colors.bold('Page')}: ${colors.cyan(url)}`)
      return url
    } catch (error) {
      this.#url = undefined
      say(colors.red(`The page cannot be shown: ${(error as Error).message}`))
      return undefined
    }
  }

  /** Shows it in the user's browser, which Vite finds (the variable BROWSER). */
  async open(): Promise<void> {
    const { server } = this.#served
    const url = await this.show()
    if (url === undefined) return
    server.resolvedUrls = { local: [url], network: [] }
    server.openBrowser()
  }
}

/** The keys of the command. */
export function bindKeys(served: RunningServer, page: CommandPage, quit: () => void): void {
  const { hub, say } = served
  bindShortcuts(
    [
      { keys: ['r', 'rs'], description: 'restart the app', action: () => hub.restart() },
      { keys: ['u'], description: 'show runners, ports and URLs', action: () => tellRunners(served) },
      {
        keys: ['e'],
        description: 'explain the last restart',
        action: () => explainRestart(served).forEach(say),
      },
      { keys: ['o'], description: 'open the page', action: () => page.open() },
      { keys: ['c'], description: 'clear console', action: () => console.clear() },
      { keys: ['q'], description: 'quit', action: quit },
    ],
    say,
  )
}

function tellRunners({ hub, say }: RunningServer): void {
  for (const { id, kind, state, pid, modules, ports = [], standby } of hub.runners) {
    const open = ports.length > 0 ? `, port${ports.length > 1 ? 's' : ''} ${ports.join(', ')}` : ''
    say(`${colors.green('  ➜')}  ${colors.bold(id)} ${kind}, ${state}, pid ${pid ?? '-'}${open}, ${modules} modules`)
    if (standby?.memory === undefined) continue
    const memory = `${Math.round(standby.memory / 2 ** 20)} MiB`
    say(colors.dim(`     its next process waits, pid ${standby.pid}, ${memory}, ${standby.modules} modules`))
  }
  if (!hub.attach) return
  const { url, tokenFile } = hub.attach
  say(`${colors.green('  ➜')}  ${colors.bold('Attach')}: ${colors.cyan(url)}`)
  if (tokenFile) say(`${colors.green('  ➜')}  ${colors.bold('Token')}: ${tokenFile}`)
}

/** The lines about the last restart: the reason, and where an `accept()` would have kept the process. */
export function explainRestart({ hub }: Pick<RunningServer, 'hub'>): string[] {
  const last = hub.timeline.lastRestart
  if (!last) return ['There was no restart yet.']
  const { runner, at, reason, cause } = last
  const lines = [`${colors.bold(runner)} restarted at ${new Date(at).toLocaleTimeString()}: ${reason}`]
  if (cause.kind !== 'unaccepted') return lines
  const places = placesForAccept(hub.environment.moduleGraph, cause.chain).map((url) => url.replace(/^\//, ''))
  const code = colors.cyan('import.meta.hot?.accept()')
  if (places.length === 0)
    lines.push(`     ${code} in no single module would have kept the process: there are several ways to a root`)
  else lines.push(`     ${code} in one of these would have kept the process: ${places.join(', ')}`)
  return lines
}
