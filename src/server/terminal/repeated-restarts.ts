/** Notices an app that is restarted over and over for one file: it may write that file each time that it starts. */
import type { RestartCause } from '../hub-types.ts'

/** So many restarts in a row, */
const TIMES = 5
/** each within so many milliseconds of the one before: a person who saves a file rests longer, sooner or later. */
const SOON = 3000

/** The restarts of one app. */
export class RepeatedRestarts {
  #file: string | undefined
  #count = 0
  #at = Number.NEGATIVE_INFINITY
  #isTold = false

  /** The app was restarted at `now`. Answers with the file to speak of, once. */
  note(cause: RestartCause, now: number): string | undefined {
    const file = fileOf(cause)
    const goesOn = file !== undefined && file === this.#file && now - this.#at < SOON
    this.#count = goesOn ? this.#count + 1 : 1
    this.#file = file
    this.#at = now
    if (this.#count < TIMES || this.#isTold) return undefined
    this.#isTold = true
    return file
  }
}

/** The file that was saved, as the option `ignore` names it. */
function fileOf(cause: RestartCause): string | undefined {
  if (cause.kind === 'unaccepted') return cause.chain[0]?.replace(/^\/(?:@fs(?=\/))?|\?.*/g, '')
  return cause.kind === 'file' || cause.kind === 'native' ? cause.file : undefined
}
