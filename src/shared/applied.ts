/** Reads the reports of runners. */
import type { Applied } from './types.ts'

/**
 * `true` if a runner whose last report is `last` runs the code that it was last sent. The last report is enough, because each later
 * change tries again what has failed. A runner without a report was sent no change.
 */
export function isUpToDate(last: Applied | undefined): boolean {
  return last?.outcome !== 'failed' && last?.outcome !== 'unaccepted'
}
