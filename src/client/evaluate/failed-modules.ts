/**
 * Modules whose evaluation has failed, and what each of them needed. A module that has imported one by `import()` may live on:
 * without this nothing would tell that a correction concerns it.
 */
import type { ModuleId } from '../../shared/types.ts'

const NONE: ReadonlySet<ModuleId> = new Set()

/** Edges of failed modules, which have no instance that could hold them. */
export class FailedModules {
  readonly #needed = new Map<ModuleId, ReadonlySet<ModuleId>>()
  readonly #importers = new Map<ModuleId, Set<ModuleId>>()

  /** `needed` are the modules that `id` imports, or those behind it that have no code. */
  note(id: ModuleId, needed: ReadonlySet<ModuleId>): void {
    this.forget(id)
    this.#needed.set(id, needed)
    for (const dep of needed) {
      const importers = this.#importers.get(dep)
      if (importers) importers.add(id)
      else this.#importers.set(dep, new Set([id]))
    }
  }

  /** The module gets another instance. */
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
