/** Prints lines about supervised runners through Vite's logger, one for each update. */
import colors from 'picocolors'
import type { Logger } from 'vite'
import type { FlatError } from '../../shared/errors.ts'
import type { Applied, Serving } from '../../shared/types.ts'
import type { SupervisorExit } from '../process/supervisor.ts'
import { describeFailure } from './error-text.ts'
import { formatWithheld, type WithheldReport } from './withheld-line.ts'

/** Prints each outcome once. `app` is the id of the app. */
export interface Report {
  updated(app: string, report: Applied): void
  restarted(app: string, reason: string): void
  /** An app is restarted over and over for one file. */
  loops(app: string, file: string): void
  /** An app process has ended. */
  ended(app: string, exit: SupervisorExit): void
  /** An app was stopped, because the options do not name its entry any more. */
  dropped(app: string, entry: string): void
  /** A command of the user's runs, for which a restart waits. */
  runs(command: string): void
  /** An app process does not answer. */
  silent(app: string): void
  /** An app process answers again. */
  answers(app: string): void
  /** An app answers requests: said of what its entry `url` exports, when it is new. */
  serving(app: string, url: string, how: Serving): void
  /** A plugin has kept a saved file from runners. */
  withheld(save: WithheldReport): void
  /** An update, or the check before a restart, failed. `kept`: the app runs its previous code on. */
  failed(app: string | undefined, error: FlatError, kept: boolean): void
  /**
   * Something that is worth knowing once, after the next restart, and asked for then: until the new code has been transformed, Vite
   * does not know what it imports. Nothing is said of `undefined`.
   */
  hint(text: () => string | undefined): void
}

/** Questions of the reporter, asked for each line. */
export interface ReportHost {
  logger(): Logger
  root(): string
  /** `true` if there are several apps: lines name theirs then. */
  isOneOfMany(): boolean
  /** `true` if the command's shortcuts are active. */
  hasShortcuts(): boolean
}

/** Makes the reporter. */
export function createReport({ logger, root, isOneOfMany, hasShortcuts }: ReportHost): Report {
  let last: string | undefined
  let count = 1
  let pending: (() => string | undefined) | undefined
  let hasHinted = false
  /** The line that was printed last of how each app is served. */
  const served = new Map<string, string>()

  /** ` (x2)`, as Vite counts, for what was said last. */
  function again(what: string): string {
    count = what === last ? count + 1 : 1
    last = what
    return count > 1 ? colors.yellow(` (x${count})`) : ''
  }

  // as Vite writes its own lines, under our name
  function tag(app: string | undefined): string {
    const name = app !== undefined && isOneOfMany() ? ` ${colors.bold(app)}` : ''
    return `${colors.dim(new Date().toLocaleTimeString())} ${colors.cyan(colors.bold('[vite-tether]'))}${name}`
  }

  /** `detail` may differ each time. */
  function say(app: string | undefined, message: string, detail = ''): void {
    logger().info(`${tag(app)} ${message}${detail && ` ${detail}`}${again(app + message)}`)
  }

  return {
    updated(app, report) {
      const { evaluated, ms } = report
      const text = formatUpdate(report)
      if (text) say(app, text, colors.dim(`(${evaluated} module${evaluated === 1 ? '' : 's'}, ${Math.round(ms)} ms)`))
    },
    restarted(app, reason) {
      say(app, `${colors.green('restarted:')} ${reason}`)
      const text = hasHinted ? undefined : pending?.()
      pending = undefined
      if (text === undefined) return
      hasHinted = true
      logger().info(`${tag(undefined)} ${text}`)
    },
    loops(app, file) {
      const way = `if the app writes it itself, --exclude '${file}' (the option \`ignore\`) ends that`
      // not counted: the lines before and after it are the same
      logger().info(`${tag(app)} ${colors.yellow('starts over and over')} for ${file}: ${way}`)
    },
    ended(app, exit) {
      const line = formatExit(exit)
      if (line) say(app, line)
    },
    dropped(app, entry) {
      say(app, `stopped: ${entry} is no entry in the config any more`)
    },
    runs(command) {
      say(undefined, `runs before the restart: ${command}`)
    },
    silent(app) {
      const way = hasShortcuts() ? 'a save of its code or r + enter replaces it' : 'a save of its code replaces it'
      say(app, `${colors.yellow('does not answer')}: it is busy or in an endless loop; ${way}`)
    },
    answers(app) {
      say(app, 'answers again')
    },
    serving(app, url, how) {
      const text = formatServing(short(url), how)
      if (text === served.get(app) || (how.kind === 'listening' && !served.has(app))) return
      served.set(app, text)
      say(app, text)
    },
    withheld(save) {
      say(
        undefined,
        formatWithheld(save, (path) => path.replace(`${root()}/`, ''), hasShortcuts()),
      )
    },
    failed(app, error, kept) {
      const text = describeFailure(error, root())
      const times = again(text)
      const [first] = text.split('\n') as [string]
      const lines = times ? [`${first}${times}`] : [text]
      if (kept && !times) lines.push(colors.dim('The app still runs the code from before; the next good save applies.'))
      logger().error(`${tag(app)} ${lines.join('\n')}`)
    },
    hint(text) {
      pending = text
    },
  }
}

/** The line about an exit; `undefined` for an exit that was asked for, and for a final one, whose code the command repeats. */
function formatExit({ code, signal, requested, wasReady, next, delay }: SupervisorExit): string | undefined {
  if (requested && signal === 'SIGKILL') {
    return colors.yellow('did not end when it was asked to, and was killed (the option `stop` says how long it has)')
  }
  if (requested || next === 'none') return undefined
  if (code === 0) return colors.dim(next === 'start' ? 'exited 0, starting again' : 'exited 0, waiting for a save')
  const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
  if (next === 'start') return `${colors.red(how)}, starting again${delay ? ` in ${delay} ms` : ''}`
  return `${colors.red(wasReady ? how : `${how} while starting`)}, waiting for a save`
}

/** The text of an update; `undefined` for one that has done nothing. */
export function formatUpdate({ outcome, updates }: Applied): string | undefined {
  if (outcome === 'reloaded') return colors.green('program reload')
  if (updates.length === 0) return undefined
  const what = updates.map(({ boundary, accepted }) =>
    boundary === accepted ? short(accepted) : `${short(accepted)} ${colors.dim(`via ${short(boundary)}`)}`,
  )
  return `${colors.green('hot updated:')} ${what.join(', ')}`
}

/** The line that says how an entry's export is served, or why it is not any more. */
export function formatServing(entry: string, { kind, what, target, taken }: Serving): string {
  const where = 'port' in target ? urlOf(target) : undefined
  if (kind === 'listening')
    return `${entry} listens itself${where ? ` at ${where}` : ''}: what it exports is not served`
  const instead = taken === undefined ? '' : colors.yellow(` (port ${taken} is taken)`)
  return `${colors.green('serves')} ${entry} (${what})${where ? ` at ${colors.cyan(where)}${instead}` : " on Vite's port"}`
}

function urlOf({ host, port }: { host: string; port: number }): string {
  const isLoopback = host === '127.0.0.1' || host === '::1'
  return `http://${isLoopback ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}/`
}

/** The text of a chain of importers: `src/db.ts <- src/server.ts`. */
export function formatChain(chain: readonly string[]): string {
  return chain.map(short).join(' <- ')
}

function short(url: string): string {
  return url.replace(/^\/(?!@)/, '')
}
