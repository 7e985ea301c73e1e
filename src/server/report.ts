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
      const where = error.loc?.file ?? error.id
      const position = error.loc ? `:${error.loc.line}:${error.loc.column}` : ''
      const lines = [`${colors.red(error.name)}: ${error.message}`]
      if (where && !error.message.includes(where))
        lines.push(colors.cyan(`${where.replace(`${root()}/`, '')}${position}`))
      if (error.frame && !error.message.includes(error.frame.split('\n')[0]!)) lines.push(error.frame)
      if (error.stack && !error.frame)
        lines.push(
          colors.dim(
            error.stack
              .split('\n')
              .filter((line) => /^\s+at /.test(line))
              .join('\n'),
          ),
        )
      if (kept) lines.push(colors.dim('The app still runs the code from before; the next good save applies.'))
      logger().error(`${tag()} ${lines.filter(Boolean).join('\n')}`)
    },
  }
}

/** The chain of importers as a reader writes it: `src/db.ts <- src/server.ts`. */
export function formatChain(chain: readonly string[]): string {
  return chain.map((url) => url.replace(/^\/(?!@)/, '')).join(' <- ')
}
