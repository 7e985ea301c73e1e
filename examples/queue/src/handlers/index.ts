import { countWords } from './count-words.ts'
import { report } from './report.ts'

/** What does a job, by its name. */
export const handlers: Record<string, (payload: unknown) => unknown> = {
  'count-words': countWords,
  report,
}
