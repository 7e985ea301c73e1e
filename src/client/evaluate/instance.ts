/**
 * One evaluation of a module, which is at the same time its entry in vite-node's module cache: there is no second table of
 * what is loaded.
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
  /** Settles with the evaluation; absent before it has begun. */
  promise?: Promise<ModuleNamespace>
  /** `true` once the evaluation has ended without an error. */
  evaluated = false
  /** Transformed code. */
  code: string | undefined
  /** Ids of the app modules it imports. */
  readonly imports = new Set<ModuleId>()
  /** Ids of modules that import it, shared by all instances of the id. */
  readonly importers: Set<ModuleId>

  /** What computed `import()`s of this instance were resolved to; most have none. */
  resolved: Map<string, ModuleId> | undefined
  /** What the evaluation threw, and the state of the code in which it did. */
  failure: { error: unknown; epoch: number } | undefined
  /** Its `module`, if it is CommonJS or uses that variable. */
  commonJs: { exports: unknown; assigned?: { value: unknown } } | undefined
  /** The namespace was given to an importer before the evaluation ended, by this attempt or one before it. */
  isHandedOut: boolean
  /** Its evaluation was under way when a later save made it useless: nothing more of it is to run. */
  isAbandoned = false
  /** In-flight instances that this one waits for: the wait-for graph. Nothing is kept of it when the evaluation is over. */
  #waits: Set<Instance> | undefined
  #resolve: ((namespace: ModuleNamespace) => void) | undefined
  #reject: ((error: unknown) => void) | undefined

  /** `handedOut`: the namespace of an attempt that failed, which modules hold that did not. */
  constructor(id: ModuleId, importers: Set<ModuleId>, handedOut?: ModuleExports) {
    this.id = id
    this.importers = importers
    this.namespace = handedOut ?? new ModuleExports()
    this.isHandedOut = handedOut !== undefined
    this.exports = this.namespace.object
  }

  /** Its evaluation begins. `succeed` or `fail` ends it. */
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

  succeed(): void {
    this.evaluated = true
    const { object } = this.namespace
    // a promise would call an export of that name, which only `import()` does
    this.#resolve!('then' in object ? Object.create(null) : object)
    this.#end()
  }

  /** `epoch`: the state of the code in which that has happened; `NaN` if it says nothing about the code. */
  fail(error: unknown, epoch: number): void {
    this.failure = { error, epoch }
    // it is told to those who have begun it; nobody else may be waiting
    this.promise!.catch(() => {})
    this.#reject!(error)
    this.#end()
  }

  #end(): void {
    this.#waits = undefined
    this.#resolve = undefined
    this.#reject = undefined
  }

  /** It cannot go on before `other` has been evaluated. */
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

  /** Whether this instance cannot go on before `other` has: waiting for it there would be for ever. */
  isWaitingFor(other: Instance): boolean {
    const seen = new Set<Instance>([this])
    for (const instance of seen) {
      if (instance === other) return true
      for (const next of instance.#waits ?? []) seen.add(next)
    }
    return false
  }
}
