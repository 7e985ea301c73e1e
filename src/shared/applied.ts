/** What a report of a runner says beyond its words. */
import type { Applied } from './types.ts'

/**
 * Whether a runner whose last report this is runs the code as it was last sent: each later change tries what has failed again, so the
 * last report tells. Without one there was no change.
 */
export function isUpToDate(last: Applied | undefined): boolean {
  return last?.outcome !== 'failed' && last?.outcome !== 'unaccepted'
}
