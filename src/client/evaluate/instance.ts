/**
 * One evaluation of a module. It is also the module's entry in vite-node's module cache, so that the cache is the only table of
 * loaded modules.
 */
import type { ModuleId } from '../../shared/types.ts'
import type { StoredModule } from '../code/store.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { ModuleExports } from './namespace.ts'

/** An entry of `moduleCache`. The plain properties are those vite-node documents; deleting them invalidates the instance. */
export class Instance {
  readonly id: ModuleId
  readonly namespace: ModuleExports
  /** The code it was evaluated from; absent until that has arrived. */
  stored: StoredModule | undefined

  /** The namespace object. */
  exports: ModuleNamespace | undefined
  /** Settles when the evaluation ends; absent before it begins. */
  promise?: Promise<ModuleNamespace>
  /** `true` once the evaluation has ended without an error. */
  evaluated = false
  /** The transformed code, for readers of vite-node's cache. */
  code: string | undefined
  /** Ids of the app modules it imports. */
  readonly imports = new Set<ModuleId>()
  /** Ids of modules that import it, shared by all instances of the id. */
  readonly importers: Set<ModuleId>

  /** Specifiers of computed `import()`s of this instance, with the ids they were resolved to. Most modules have none. */
  resolved: Map<string, ModuleId> | undefined
  /** The error of the evaluation, and the evaluator's epoch at that time. */
  failure: { error: unknown; epoch: number } | undefined
  /** The `module` variable, if the module is CommonJS or uses that variable. */
  commonJs: { exports: unknown; assigned?: { value: unknown } } | undefined
  /** `true` if an importer got the namespace before the evaluation ended, in this attempt or in an earlier one. */
  isHandedOut: boolean
  /**
   * `true` if its update was put off: update A evaluates it, then update B waits, then A takes longer than `limits.evaluate` and is
   * rolled back. None of its code after the next `await` or import runs.
   */
  isAbandoned = false
  /** Running instances that this one waits for: the edges of the wait-for graph. Dropped when the evaluation ends. */
  #waits: Set<Instance> | undefined
  #resolve: ((namespace: ModuleNamespace) => void) | undefined
  #reject: ((error: unknown) => void) | undefined

  /** `handedOut`: the namespace of an earlier, failed attempt, which other modules hold. */
  constructor(id: ModuleId, importers: Set<ModuleId>, handedOut?: ModuleExports) {
    this.id = id
    this.importers = importers
    this.namespace = handedOut ?? new ModuleExports()
    this.isHandedOut = handedOut !== undefined
    this.exports = this.namespace.object
  }

  /** Begins the evaluation. `succeed` or `fail` ends it. */
  begin(): void {
    this.evaluated = false
    this.failure = undefined
    this.exports = this.namespace.object
    this.#waits = undefined
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Ends the evaluation without an error. */
  succeed(): void {
    this.evaluated = true
    const { object } = this.namespace
    // resolving with a namespace that exports `then` would call it, which only the app's own `import()` must do
    this.#resolve!('then' in object ? Object.create(null) : object)
    this.#end()
  }

  /** Ends the evaluation with an error. `epoch`: the evaluator's, or `NaN` if the error does not come from the code. */
  fail(error: unknown, epoch: number): void {
    this.failure = { error, epoch }
    // the run throws the error to its caller; if no other import waits, the promise's rejection must not count as unhandled
    this.promise!.catch(() => {})
    this.#reject!(error)
    this.#end()
  }

  /** Has those who wait for an abandoned instance ask again, when the one from before is back in its place. */
  release(): void {
    this.#resolve?.(Object.create(null))
    this.#end()
  }

  #end(): void {
    this.#waits = undefined
    this.#resolve = undefined
    this.#reject = undefined
  }

  /** Notes that this instance cannot go on before `other` has been evaluated. */
  waitFor(other: Instance): void {
    this.#waits ??= new Set()
    this.#waits.add(other)
  }

  stopWaitingFor(other: Instance): void {
    this.#waits?.delete(other)
  }

  /** `true` while its evaluation is under way. */
  get isRunning(): boolean {
    return this.promise !== undefined && !this.evaluated && this.failure === undefined
  }

  /** `true` if this instance waits for `other`, directly or through others. If `other` waited for this one, both would hang. */
  isWaitingFor(other: Instance): boolean {
    const seen = new Set<Instance>([this])
    for (const instance of seen) {
      if (instance === other) return true
      for (const next of instance.#waits ?? []) seen.add(next)
    }
    return false
  }
}
