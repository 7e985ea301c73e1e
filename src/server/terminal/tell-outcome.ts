/** What the terminal says of an update. */
import type { DevEnvironment } from 'vite'
import type { Applied } from '../../shared/types.ts'
import { acceptHint } from './accept-hint.ts'
import { formatChain, type Report } from './report.ts'

/** Tells what an app made of a change. If nothing accepted it, that is the restart which follows, whose reason it returns. */
export function tellOutcome(
  report: Report,
  { id, url }: { id: string; url: string },
  applied: Applied,
  environment: DevEnvironment,
): string | undefined {
  const { outcome, error, chain } = applied
  if (outcome === 'unaccepted') {
    if (chain) report.hint(() => acceptHint(environment, url, chain))
    return chain ? `nothing accepts ${formatChain(chain)}` : 'a plugin asked for a full reload'
  }
  if (outcome === 'failed' && error) report.failed(id, error, true)
  else report.updated(id, applied)
  return undefined
}
