/**
 * Evaluates the modules of a runner: their code, their instances, their imports.
 */
import { TetherError } from '../../shared/errors.ts'
import type { FetchAnswer, ModuleId, ModuleRecord } from '../../shared/types.ts'
import type { Paths } from '../code/paths.ts'
import { ModuleStore, type StoredModule } from '../code/store.ts'
import { ScriptTable } from '../debug/script-table.ts'
import { installStackHook } from '../debug/stack-hook.ts'
import type { ModuleNamespace } from '../module-types.ts'
import type { ViteNodeModules } from '../vite-node-runner.ts'
import { Evaluation } from './evaluation.ts'
import { Imports } from './imports.ts'
import type { Instance } from './instance.ts'
import { Instances } from './instances.ts'
import { Linker, type Surroundings } from './linker.ts'
import { SessionSupply } from './session-supply.ts'

/** Source of code: the session, which asks the server. */
export interface ModuleSource {
  /** See `ServerFunctions.fetch`. */
  fetch(url: string, importer?: ModuleId, fresh?: boolean): Promise<FetchAnswer>
}

/** Options of an evaluator. */
export interface EvaluatorOptions extends Surroundings {
  cache: ViteNodeModules
  paths: Paths
  source: ModuleSource
  /** Makes `vite-tether/keep` for an instance. If absent, Node loads that package like any other. */
  createKeep?: ((keeper: Instance) => object) | undefined
}

/** Loads, evaluates and remembers modules. */
export class Evaluator {
  readonly store: ModuleStore
  readonly instances: Instances
  readonly paths: Paths
  readonly scripts: ScriptTable
  readonly imports: Imports
  readonly linker: Linker
  readonly #supply: SessionSupply
  /** Grows when code or instances change, and with each evaluation for an update. A module that failed runs again only then: Node, too, keeps the error. */
  epoch = 0
  readonly #source: ModuleSource
  /** Errors that do not come from the module's code: the fetch or the external may succeed the next time. */
  readonly #transient = new WeakSet<object>()

  constructor(options: EvaluatorOptions) {
    this.#source = options.source
    this.paths = options.paths
    this.store = new ModuleStore(options.paths)
    this.instances = new Instances(options.cache)
    this.scripts = new ScriptTable(options.paths)
    installStackHook()
    this.#supply = new SessionSupply(this)
    this.imports = new Imports(this, this.#supply, options.createKeep)
    this.linker = new Linker(this, options)
  }

  /** Takes newer code into the store. Returns the ids whose code differs from what was held. */
  install(records: readonly ModuleRecord[]): ModuleId[] {
    const held = new Set(records.flatMap(({ id }) => (this.store.get(id) ? id : [])))
    const changed = this.store.install(records)
    // code of modules that are new here cannot turn an earlier failure into a success
    if (changed.some((id) => held.has(id))) this.epoch++
    for (const { id, hash } of records) {
      // equal code may have a newer source map: without it, stacks would show the lines from before the edit
      const stored = this.store.get(id)!
      if (this.scripts.has(stored.place.script, hash)) this.scripts.add(stored)
    }
    return changed
  }

  /** Forgets code that is out of date. The server is asked for it when it is needed. */
  drop(ids: Iterable<ModuleId>): void {
    this.store.drop(ids)
    this.epoch++
  }

  /** Asks the server for a module and installs the code that comes. Throws the first error of the module's static graph. */
  async fetch(url: string, importer?: ModuleId, fresh?: boolean): Promise<{ id: ModuleId } | { external: string }> {
    try {
      const answer = await this.#source.fetch(url, importer, fresh)
      if ('external' in answer) return answer
      this.install(answer.modules)
      return { id: answer.id }
    } catch (error) {
      throw this.transient(error)
    }
  }

  /** The code of a module, from the store or, with what it imports, from the server. */
  async obtain(id: ModuleId, importer?: ModuleId): Promise<StoredModule> {
    const held = this.store.current(id)
    if (held) return held
    await this.fetch(id, importer, true)
    const obtained = this.store.get(id)
    if (obtained) return obtained
    const from = importer === undefined ? '' : ` imported from '${importer}'`
    throw this.transient(
      new TetherError(
        'ERR_MODULE_NOT_FOUND',
        `Cannot find module '${id}'${from}: the server answered without its code.`,
      ),
    )
  }

  /**
   * Obtains and compiles `id` and its static graph, and evaluates nothing. Before each module that is not compiled yet it asks
   * `goOn`, and stops if that says `false`. Throws the error of a module that cannot be transformed or compiled.
   */
  async hold(id: ModuleId, goOn: () => Promise<boolean>): Promise<void> {
    const needed = new Set([id])
    for (const each of needed) {
      const held = this.store.get(each)
      if (!held?.isCompiled && !(await goOn())) return
      const stored = held ?? (await this.obtain(each))
      if (!stored.isCommonJs) stored.compiled.warm()
      for (const dep of Object.values(stored.record.deps)) needed.add(dep)
    }
  }

  /** Marks an error as one that must not be remembered as the module's result. */
  transient(error: unknown): unknown {
    if (typeof error === 'object' && error !== null) this.#transient.add(error)
    return error
  }

  /** `true` if an error does not come from the module's code, see `transient`. */
  isTransient(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#transient.has(error)
  }

  /** The namespace of a module; evaluates it if it has no instance. In an import cycle it may still be incomplete. */
  async load(id: ModuleId, importer?: Instance): Promise<ModuleNamespace> {
    return (await this.instance(id, importer)).exports!
  }

  async instance(id: ModuleId, importer?: Instance): Promise<Instance> {
    return new Evaluation(this, this.#supply).load(id, importer)
  }

  /** Puts an instance into the cache and evaluates its code again, into its namespace. If that throws, the instance stays. */
  async restart(instance: Instance): Promise<void> {
    try {
      await new Evaluation(this, this.#supply).again(instance)
    } catch (error) {
      instance.begin()
      instance.succeed()
      this.instances.put(instance)
      throw error
    }
  }

  /** A module and those of its static graph that are not evaluated, as far as the held code shows them. */
  unevaluatedBehind(id: ModuleId): Set<ModuleId> {
    return this.store.graphOf([id], (other) => this.instances.isEvaluated(other))
  }
}
