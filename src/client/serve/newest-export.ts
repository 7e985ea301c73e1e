/** The newest export of an entry that can answer requests. */
import type { RequestListener } from 'node:http'
import type { SessionRunner } from '../runner/session-runner.ts'
import { listenerOf } from './listener-of.ts'
import { type Answerer, recognise } from './recognise.ts'

/** An export with what Node's server calls. */
export type NewestAnswer = Answerer & { readonly listener: RequestListener }

/** Looks at what the entry exports whenever it is asked, so that no request is answered by code from before an update. */
export class NewestExport {
  readonly #runner: Pick<SessionRunner, 'viteNode'>
  readonly #entry: string
  readonly #asked: boolean
  #seen: unknown
  #found: NewestAnswer | undefined

  /** @param asked see {@link recognise} */
  constructor(runner: Pick<SessionRunner, 'viteNode'>, entry: string, asked: boolean) {
    this.#runner = runner
    this.#entry = entry
    this.#asked = asked
  }

  /** The present instance's export; `undefined` if that cannot answer, or while there is no instance. */
  get present(): NewestAnswer | undefined {
    const exports = this.#runner.viteNode.exportsOf(this.#entry)
    const found = exports && recognise(exports, this.#asked)
    if (!found) return undefined
    return { ...found, listener: listenerOf(found) }
  }

  /** The last one that could answer: while an update replaces the entry, and after one that has failed, that is the old one. */
  get last(): NewestAnswer | undefined {
    const exports = this.#runner.viteNode.exportsOf(this.#entry)
    // a roll-back may evaluate the same instance again
    const seen = exports?.default ?? exports
    if (seen !== undefined && seen !== this.#seen) {
      this.#seen = seen
      this.#found = this.present ?? this.#found
    }
    return this.#found
  }
}
