/** Where an evaluation gets what is not at hand: from the session (`imports`), or while the caller waits (`sync-supply`). */
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import type { StoredModule } from '../code/store.ts'

/** An answer that is a promise makes the evaluation wait. */
export interface Supply {
  /** The caller cannot wait: what is being evaluated is taken as it is, as in CommonJS, and a top-level await is an error. */
  readonly isNow: boolean
  /** The code of a module. */
  obtain(id: ModuleId, importer?: ModuleId): StoredModule | Promise<StoredModule>
  /** The namespace that `importer` gets of an external. */
  external(importer: StoredModule, wanted: ImportRequest): object | Promise<object>
}

/** Never settles: an abandoned evaluation waits for it. A new promise each time: a shared one would keep all that wait in memory. */
export function never(): Promise<never> {
  return new Promise(() => {})
}
