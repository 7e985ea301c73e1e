/** Looks at what a process has begun with, once Vite is there. */
import { type KeptStart, readIndex } from '../../shared/kept-start.ts'
import type { ModuleId } from '../../shared/types.ts'
import { firstDifference, stillTrue } from '../../shared/util/file-proof.ts'

/** The kept start of a process. */
export class BegunWith {
  readonly #index: KeptStart | undefined

  /** `digest`: of the index that was proven; another start may have written one of other inputs to `path` since. */
  constructor(path: string, digest: string | undefined) {
    try {
      this.#index = readIndex(path, digest)
    } catch {
      // nothing is known of it
    }
  }

  /** `true` if it would be another one now: something beside the modules, which are compared by themselves, was saved while Vite was loaded. */
  isOutdated(now: Pick<KeptStart, 'config'>): boolean {
    if (!this.#index) return true
    const { proof, records, config } = this.#index
    const modules = new Set(records.map(({ file }) => file))
    const files = proof.files.filter(([file]) => !modules.has(file))
    return JSON.stringify(config) !== JSON.stringify(now.config) || firstDifference({ ...proof, files }) !== undefined
  }

  /** Module -> hash of its code, for each whose source is what it was. */
  provenCode(): Map<ModuleId, string> {
    if (!this.#index) return new Map()
    const { proof, records } = this.#index
    const sources = new Map(proof.files)
    const isCurrent = (file: string | null) =>
      file !== null && sources.has(file) && stillTrue('files', [file, sources.get(file)!])
    return new Map(records.filter(({ file }) => isCurrent(file)).map(({ id, hash }) => [id, hash]))
  }
}
