/** Supplies an evaluation with code and externals: asynchronously (`session-supply`), or while the caller waits (`sync-supply`). */
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import type { StoredModule } from '../code/store.ts'

/** A supply. When it answers with a promise, the evaluation waits. */
export interface Supply {
  /** `true` if the caller cannot wait: it gets running modules as they are, as in CommonJS, and a top-level await is an error. */
  readonly isNow: boolean
  /** The code of a module. */
  obtain(id: ModuleId, importer?: ModuleId): StoredModule | Promise<StoredModule>
  /** The namespace that `importer` gets of an external. */
  external(importer: StoredModule, wanted: ImportRequest): object | Promise<object>
}

/** Never settles, for an abandoned evaluation. A new promise each time: a shared one would keep all that await it in memory. */
export function never(): Promise<never> {
  return new Promise(() => {})
}
