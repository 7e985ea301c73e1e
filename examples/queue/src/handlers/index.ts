import { countWords } from './count-words.ts'
import { report } from './report.ts'

/** The function that does a job, by the job's name. */
export const handlers: Record<string, (payload: unknown) => unknown> = {
  'count-words': countWords,
  report,
}
