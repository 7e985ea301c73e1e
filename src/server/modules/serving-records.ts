/** Work with the records of the Vite that serves right now, across its in-process restarts. */
import type { FailedModule } from '../../shared/types.ts'
import type { Records } from './records.ts'

/**
 * Does `work` with the current records; once more with those that follow, if Vite restarts meanwhile. `outdated` is called when
 * the result came from records that were replaced before it was there.
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
        // what was worked out by records that are gone is compared with the new ones, which have to know it anyway
        records().then(
          (next) => next !== source && outdated(),
          // the hub is closed
          () => {},
        )
        return result
      }
    } catch (error) {
      if (!isClosed(error)) throw error
    }
  }
}

/** Vite closes an environment while it is asked something: the next one answers. */
function isClosed(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_CLOSED_SERVER'
}
