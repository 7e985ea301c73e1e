/** What the terminal says about supervised runners: one line an update, through Vite's logger. */

import colors from 'picocolors'
import type { Logger } from 'vite'
import type { FlatError } from '../shared/errors.ts'
import type { Applied } from '../shared/types.ts'
import { formatExit } from './exits.ts'
import type { SupervisorExit } from './supervisor.ts'

/** Reports outcomes; each once. */
export interface Report {
  updated(report: Applied): void
  restarted(reason: string): void
  /** An app process has ended. */
  ended(exit: SupervisorExit): void
  /** An update, or the check before a restart, failed; the app still runs its old code. */
  failed(error: FlatError, kept: boolean): void
}

/** Makes the reporter. `name` prefixes the lines where several entries run. */
export function createReport(logger: () => Logger, root: () => string): Report {
  // as Vite writes its own lines, under our name
  const tag = () => `${colors.dim(new Date().toLocaleTimeString())} ${colors.cyan(colors.bold('[vite-tether]'))}`
  const say = (message: string) => logger().info(`${tag()} ${message}`)
  const short = (url: string) => url.replace(/^\/(?!@)/, '')
  return {
    updated({ outcome, updates, evaluated, ms }) {
      const cost = colors.dim(`(${evaluated} module${evaluated === 1 ? '' : 's'}, ${Math.round(ms)} ms)`)
      if (outcome === 'reloaded') return say(`${colors.green('program reload')} ${cost}`)
      if (updates.length === 0) return
      const what = updates.map(({ boundary, accepted }) =>
        boundary === accepted ? short(accepted) : `${short(accepted)} ${colors.dim(`via ${short(boundary)}`)}`,
      )
      say(`${colors.green('hot updated:')} ${what.join(', ')} ${cost}`)
    },
    restarted: (reason) => say(`${colors.green('restarted:')} ${reason}`),
    ended(exit) {
      const line = formatExit(exit)
      if (line) say(line)
    },
    failed(error, kept) {
      const lines = [describe(error, root())]
      if (kept) lines.push(colors.dim('The app still runs the code from before; the next good save applies.'))
      logger().error(`${tag()} ${lines.join('\n')}`)
    },
  }
}

/** A transform error with its place and code frame, any other with the frames of the user's own code. */
function describe(error: FlatError, root: string): string {
  const { message, frame, loc, plugin, stack = '' } = error
  const file = (loc?.file ?? error.id)?.replace(`${root}/`, '')
  const isTransform = plugin !== undefined || frame !== undefined || loc !== undefined
  const lines = [`${colors.red(error.name)}: ${message.trimEnd()}`]
  if (isTransform && file && !message.includes(file))
    lines.push(colors.cyan(loc ? `${file}:${loc.line}:${loc.column}` : file))
  if (frame && !message.includes(frame.trim())) lines.push(frame)
  if (!isTransform)
    lines.push(
      ...stack
        .split('\n')
        .filter(isOwnFrame)
        .map((line) => colors.dim(line)),
    )
  if (error.cause && !isTransform && error.code !== 'ERR_MODULE_NOT_FOUND')
    lines.push(`caused by ${describe(error.cause, root)}`)
  return lines.join('\n')
}

/** Frames of node, Vite and this package say nothing to the reader of an error in his own code. */
function isOwnFrame(line: string): boolean {
  return (
    /^\s+at /.test(line) &&
    !/\(?(node:|file:.*\/node_modules\/vite\/|.*\/vite-tether\/dist\/)/.test(line) &&
    !line.includes(OWN_FOLDER)
  )
}

/** Where this package's code lies. */
const OWN_FOLDER = new URL('.', import.meta.url).href

/** The chain of importers as a reader writes it: `src/db.ts <- src/server.ts`. */
export function formatChain(chain: readonly string[]): string {
  return chain.map((url) => url.replace(/^\/(?!@)/, '')).join(' <- ')
}
