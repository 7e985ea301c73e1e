/**
 * The instances of one runner, kept in vite-node's module cache, and the edges between them. An edge counts only while the
 * importer's instance is in the cache: the app may delete entries of the cache, too.
 */

import type { ModuleId } from '../../shared/types.ts'
import type { StoredModule } from '../code/store.ts'
import type { ViteNodeModules } from '../vite-node-runner.ts'
import { FailedModules } from './failed-modules.ts'
import { Instance } from './instance.ts'
import type { ModuleExports } from './namespace.ts'

/** Instances by id, with their importers. */
export class Instances {
  readonly failed = new FailedModules()
  readonly #cache: ViteNodeModules
  readonly #importers = new Map<ModuleId, Set<ModuleId>>()
  #created: Set<ModuleId> | undefined
  /** Modules in the order of their first evaluations. */
  readonly #order = new Set<ModuleId>()
  /** Edges of computed `import()`s. They stay for the module's next instance, which may run the same `import()` again. */
  readonly #computed = new Map<ModuleId, Set<ModuleId>>()

  constructor(cache: ViteNodeModules) {
    this.#cache = cache
  }

  /** Starts a new recording of the ids that get an instance, and returns it; it grows until the next call. */
  track(): ReadonlySet<ModuleId> {
    this.#created = new Set()
    return this.#created
  }

  /** Makes an instance, which is not in the cache yet. */
  create(id: ModuleId, namespace?: ModuleExports): Instance {
    this.#created?.add(id)
    return new Instance(id, this.#importersSet(id), namespace)
  }

  /** The cache's instance of a module in any state: running, evaluated or failed. */
  entry(id: ModuleId): Instance | undefined {
    // the cache's own `get` would make an entry
    const found: unknown = Map.prototype.get.call(this.#cache, id)
    return found instanceof Instance ? found : undefined
  }

  /** The instance of a module if it is running or evaluated. */
  live(id: ModuleId): Instance | undefined {
    const entry = this.entry(id)
    return entry?.promise && !entry.failure ? entry : undefined
  }

  isEvaluated(id: ModuleId): boolean {
    return this.live(id)?.evaluated === true
  }

  /** The modules that instances of `id` have imported by computed `import()`s. */
  computedBy(id: ModuleId): ReadonlySet<ModuleId> {
    return this.#computed.get(id) ?? new Set()
  }

  /** All instances, in the order of their modules' first evaluation. Those that never ended well come last. */
  all(): Instance[] {
    const instances: Instance[] = []
    for (const id of this.#order) {
      const entry = this.entry(id)
      if (entry?.promise) instances.push(entry)
    }
    for (const entry of this.#cache.values()) {
      if (entry instanceof Instance && entry.promise && !this.#order.has(entry.id)) instances.push(entry)
    }
    return instances
  }

  /** Ids of the modules whose instances import `id`. */
  importersOf(id: ModuleId): Set<ModuleId> {
    const importers = new Set<ModuleId>()
    for (const importer of this.#importers.get(id) ?? []) {
      if (this.live(importer)?.imports.has(id)) importers.add(importer)
    }
    return importers
  }

  /** Puts an instance and its edges into the cache as it is. */
  put(instance: Instance): void {
    this.failed.forget(instance.id)
    this.#cache.setByModuleId(instance.id, instance as object)
    for (const id of instance.imports) this.#link(instance, id)
  }

  /** Takes an instance and its edges out of the cache, if it is there. */
  take(instance: Instance): void {
    if (this.entry(instance.id) !== instance) return
    this.#cache.deleteByModuleId(instance.id)
    this.unlink(instance)
  }

  /** Adds the edges of the imports in the code, and of computed imports of earlier instances. */
  linkCode(instance: Instance, { targets }: StoredModule): void {
    for (const id of [...targets, ...this.computedBy(instance.id)]) this.#link(instance, id)
  }

  /** Adds the edge of a computed `import()`. */
  linkComputed(instance: Instance, id: ModuleId): void {
    if (instance.imports.has(id)) return
    this.#link(instance, id)
    const computed = this.#computed.get(instance.id) ?? new Set()
    this.#computed.set(instance.id, computed.add(id))
  }

  /** Removes the edges of an instance that has left the cache or has failed. */
  unlink(instance: Instance): void {
    for (const id of instance.imports) this.#importers.get(id)?.delete(instance.id)
  }

  /** Notes that the evaluation of a module has ended well. */
  noteOrder({ id }: Instance): void {
    this.#order.add(id)
  }

  /** `true` if a module's evaluation has ever ended well. */
  hasBeenEvaluated(id: ModuleId): boolean {
    return this.#order.has(id)
  }

  /** Forgets failed evaluations, so that the next import of such a module evaluates it again. */
  forgetFailures(): void {
    for (const entry of this.#cache.values()) {
      if (!(entry instanceof Instance) || !entry.failure) continue
      delete entry.promise
      if (!entry.isHandedOut) this.take(entry)
    }
  }

  #link(instance: Instance, id: ModuleId): void {
    instance.imports.add(id)
    this.#importersSet(id).add(instance.id)
  }

  #importersSet(id: ModuleId): Set<ModuleId> {
    let importers = this.#importers.get(id)
    if (!importers) {
      importers = new Set()
      this.#importers.set(id, importers)
    }
    return importers
  }
}
