/** Prints the outcome of an update. */
import type { DevEnvironment } from 'vite'
import type { Applied } from '../../shared/types.ts'
import type { RestartCause } from '../hub-types.ts'
import { acceptHint } from './accept-hint.ts'
import type { Report } from './report.ts'

/** Prints an app's report on a change. If no module accepted the change, prints nothing and returns the cause of the restart. */
export function tellOutcome(
  report: Report,
  { id, url, isReady }: { id: string; url: string; isReady: boolean },
  applied: Applied,
  environment: DevEnvironment,
): RestartCause | undefined {
  const { outcome, error, chain, reason } = applied
  if (outcome === 'unaccepted') {
    if (reason !== undefined) return { kind: 'leftover', reason }
    // before that the app has not come to what may accept: an entry that is served accepts itself when it has been executed
    if (chain && isReady) report.hint(() => acceptHint(environment, url, chain))
    return chain ? { kind: 'unaccepted', chain } : { kind: 'reload' }
  }
  if (outcome === 'failed' && error) report.failed(id, error, true)
  else report.updated(id, applied)
  return undefined
}
