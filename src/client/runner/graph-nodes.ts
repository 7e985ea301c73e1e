/** Modules as the HMR engine sees them. */
import type { ImportedNames } from '../../shared/transformed-code.ts'
import type { ModuleId } from '../../shared/types.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import type { Instance } from '../evaluate/instance.ts'
import type { GraphNode } from '../hmr/hot-runtime.ts'

/** A view of an instance: everything in it is derived when asked for. */
export class InstanceNode implements GraphNode {
  readonly id: ModuleId
  readonly imports: ReadonlySet<ModuleId>
  readonly #instance: Instance
  readonly #evaluator: Evaluator

  readonly #importers: ReadonlySet<ModuleId> | undefined

  /** @param importers those that hold it, unless there are more */
  constructor(instance: Instance, evaluator: Evaluator, importers?: ReadonlySet<ModuleId>) {
    this.id = instance.id
    this.imports = instance.imports
    this.#instance = instance
    this.#evaluator = evaluator
    this.#importers = importers
  }

  get url(): string {
    return (this.#instance.stored ?? this.#evaluator.store.get(this.id))?.record.url ?? this.id
  }

  get importers(): ReadonlySet<ModuleId> {
    return this.#importers ?? this.#evaluator.instances.importersOf(this.id)
  }

  get evaluated(): boolean {
    return this.#instance.evaluated
  }

  exportNames(): readonly string[] {
    return Object.keys(this.#instance.namespace.object)
  }

  importedNames(dep: ModuleId): ImportedNames {
    const { stored } = this.#instance
    if (!stored) return []
    const { dynamicDeps } = stored.record
    if (Object.values(dynamicDeps).includes(dep)) return '*'
    const names = new Set<string>()
    let isStatic = false
    for (const statement of stored.imports) {
      if (stored.target(statement.specifier) !== dep) continue
      if (statement.names === '*') return '*'
      isStatic = true
      for (const name of statement.names) names.add(name)
    }
    // an edge without a statement comes from a computed `import()`
    return isStatic ? [...names] : '*'
  }
}

/** A module whose evaluation has failed, or that was not reached because of such a failure. */
export class AttemptedNode implements GraphNode {
  readonly id: ModuleId
  readonly url: string
  readonly importers: ReadonlySet<ModuleId>
  readonly imports: ReadonlySet<ModuleId>
  readonly evaluated = false

  constructor(id: ModuleId, url: string, importers: ReadonlySet<ModuleId>, imports: ReadonlySet<ModuleId>) {
    this.id = id
    this.url = url
    this.importers = importers
    this.imports = imports
  }

  exportNames(): readonly string[] {
    return []
  }

  importedNames(): ImportedNames {
    return '*'
  }
}
