/**
 * Modules whose evaluation has failed, each with the modules that it needed. A module that has imported one by `import()` may live
 * on. The failed module has no instance and so no edges: without this table a correction would not reach the importer.
 */
import type { ModuleId } from '../../shared/types.ts'

const NONE: ReadonlySet<ModuleId> = new Set()

/** The edges of failed modules. */
export class FailedModules {
  readonly #needed = new Map<ModuleId, ReadonlySet<ModuleId>>()
  readonly #importers = new Map<ModuleId, Set<ModuleId>>()

  /** Notes that `id` has failed. `needed` are its imports or, if its code never came, the modules of its graph that have not run. */
  note(id: ModuleId, needed: ReadonlySet<ModuleId>): void {
    this.forget(id)
    this.#needed.set(id, needed)
    for (const dep of needed) {
      const importers = this.#importers.get(dep)
      if (importers) importers.add(id)
      else this.#importers.set(dep, new Set([id]))
    }
  }

  /** Removes the edges of a module, because it gets another instance. */
  forget(id: ModuleId): void {
    for (const dep of this.#needed.get(id) ?? NONE) {
      const importers = this.#importers.get(dep)!
      importers.delete(id)
      if (importers.size === 0) this.#importers.delete(dep)
    }
    this.#needed.delete(id)
  }

  has(id: ModuleId): boolean {
    return this.#needed.has(id)
  }

  neededBy(id: ModuleId): ReadonlySet<ModuleId> {
    return this.#needed.get(id) ?? NONE
  }

  /** Failed modules that needed `id`. */
  importersOf(id: ModuleId): ReadonlySet<ModuleId> {
    return this.#importers.get(id) ?? NONE
  }
}
