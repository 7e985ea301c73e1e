/** Whether new code can start, found out before the process that runs the old code is replaced. */
import { type FlatError, flattenError } from '../../shared/errors.ts'
import type { Records } from './records.ts'

/**
 * The first failure in the graph behind `entry`, or in one of `others`, which Node may load although Vite does not serve them.
 * All are URLs. The transforms that this costs are not lost: the next process asks for them.
 */
export async function findFailure(
  records: Promise<Records>,
  entry: string,
  others: readonly string[],
): Promise<FlatError | undefined> {
  try {
    const source = await records
    const [failure, ...errors] = await Promise.all([entry, ...others].map((url) => failureOf(source, url)))
    return failure ?? errors.find((error) => error && error.code !== 'ERR_MODULE_NOT_FOUND')
  } catch (error) {
    return flattenError(error)
  }
}

async function failureOf(records: Records, url: string): Promise<FlatError | undefined> {
  const found = await records.fetch(
    url,
    undefined,
    () => undefined,
    () => {},
  )
  return 'failed' in found ? found.failed[0]?.error : undefined
}
