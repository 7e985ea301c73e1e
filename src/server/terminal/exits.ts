/** What the terminal says when an app process has ended by itself. */
import colors from 'picocolors'
import type { SupervisorExit } from '../process/supervisor-types.ts'

/** One line for people, or `undefined` for an exit as asked for, or one that is final: then its code says it. */
export function formatExit({ code, signal, requested, wasReady, next, delay }: SupervisorExit): string | undefined {
  if (requested && signal === 'SIGKILL') {
    return colors.yellow('did not end when it was asked to, and was killed (the option `stop` says how long it has)')
  }
  if (requested || next === 'none') return undefined
  if (code === 0) return colors.dim('exited 0, waiting for a save')
  const how = signal ? `was killed by ${signal}` : `exited with code ${code}`
  if (next === 'start') return `${colors.red(how)}, starting again${delay ? ` in ${delay} ms` : ''}`
  return `${colors.red(wasReady ? how : `${how} while starting`)}, waiting for a save`
}
