/** Works with the records of the present Vite server, across its in-process restarts. */
import type { FailedModule } from '../../shared/types.ts'
import type { Records } from './records.ts'

/**
 * Does `work` with the current records. If Vite closes meanwhile, does it again with the next ones. If Vite restarts meanwhile and
 * `work` succeeds all the same, calls `outdated`, because the next Vite may have other code.
 */
export async function withServing<T extends object>(
  records: () => Promise<Records>,
  work: (source: Records) => Promise<T>,
  outdated: () => void,
): Promise<T> {
  for (;;) {
    const source = await records()
    try {
      const result = await work(source)
      const failed: FailedModule[] = 'failed' in result ? (result.failed as FailedModule[]) : []
      if (!failed.some(({ error }) => isClosed(error))) {
        // work() succeeds with old records, then new ones take their place: the caller compares everything with the new ones
        records().then(
          (next) => next !== source && outdated(),
          // records() rejects when the hub is closed: nothing is left to compare
          () => {},
        )
        return result
      }
    } catch (error) {
      if (!isClosed(error)) throw error
    }
  }
}

/** `true` if Vite closed the environment while it worked on a request: the next environment can answer. */
function isClosed(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_CLOSED_SERVER'
}
