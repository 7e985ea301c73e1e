/** Measures the way of each change: from the save to the runner's report. */
import type { UpdateTimes } from '../hub-types.ts'

/** The changes of one runner that are on their way. */
export class ChangeTimes {
  /** By their number; a report on one is about all before it as well. */
  readonly #sent = new Map<number, { since: number; at: number }>()

  /** A change is sent; its first save was known at `since`, in monotonic ms. */
  sent(seq: number, since: number): void {
    this.#sent.set(seq, { since, at: performance.now() })
  }

  /** The runner has reported on a change. `undefined` for one that was made of no save. */
  answered(seq: number): UpdateTimes | undefined {
    const sent = this.#sent.get(seq)
    for (const each of this.#sent.keys()) if (each <= seq) this.#sent.delete(each)
    return sent && { compile: sent.at - sent.since, runner: performance.now() - sent.at }
  }
}
