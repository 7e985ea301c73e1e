/** What the terminal says of an update. */
import type { DevEnvironment } from 'vite'
import type { Applied } from '../../shared/types.ts'
import { acceptHint } from './accept-hint.ts'
import type { Report } from './report.ts'

/** Tells what an app made of a change. `true` if nothing accepted it: what is to be told then is the restart that follows. */
export function tellOutcome(report: Report, app: string, applied: Applied, environment: DevEnvironment): boolean {
  const { outcome, error, chain } = applied
  if (outcome === 'unaccepted') {
    if (chain) report.hint(acceptHint(environment, chain))
    return true
  }
  if (outcome === 'failed' && error) report.failed(app, error, true)
  else report.updated(app, applied)
  return false
}
