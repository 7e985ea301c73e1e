/**
 * What the HMR engine sees and does of a runner: its graph, and instances taken out, put back and evaluated again.
 */
import { posix } from 'node:path'
import { reviveError } from '../../shared/errors.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import type { StoredModule } from '../code/store.ts'
import { isMaybeType } from '../code/transformed-code.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import { missingExport } from '../evaluate/externals.ts'
import type { Instance } from '../evaluate/instance.ts'
import type { DetachedInstance, GraphNode, HotRuntime } from '../hmr/hot-runtime.ts'
import type { ImportedNames, ModuleNamespace } from '../module-types.ts'

/** Finds out what a specifier from outside means. */
type Resolve = (specifier: string) => Promise<ModuleId | { external: string }>

/** The `HotRuntime` of our own runner. */
export class TetherRuntime implements HotRuntime {
  readonly #evaluator: Evaluator
  readonly #roots: ReadonlySet<ModuleId>
  readonly #resolve: Resolve

  constructor(evaluator: Evaluator, roots: ReadonlySet<ModuleId>, resolve: Resolve) {
    this.#resolve = resolve
    this.#evaluator = evaluator
    this.#roots = roots
  }

  node(id: ModuleId): GraphNode | undefined {
    const instance = this.#evaluator.instances.live(id)
    return instance && new Node(instance, this.#evaluator)
  }

  /** Those whose evaluation has failed are among them until the next `install`: they may hold something to dispose of. */
  ids(): Iterable<ModuleId> {
    return this.#evaluator.instances.all().map(({ id }) => id)
  }

  track(): () => ModuleId[] {
    const { instances } = this.#evaluator
    const created = instances.track()
    return () => [...created].filter((id) => instances.entry(id)?.promise)
  }

  /** Also those whose evaluation has failed, and which have no node therefore. */
  roots(): Iterable<ModuleId> {
    return [...this.#roots]
  }

  toId(specifier: string, owner?: ModuleId): ModuleId {
    const { store, paths } = this.#evaluator
    const linked = owner === undefined ? undefined : this.#code(owner)?.target(specifier)
    if (linked !== undefined) return linked
    if (store.get(specifier)) return specifier
    const id = store.idOf(specifier)
    if (id !== undefined) return id
    if (specifier.startsWith('.') && owner !== undefined) return posix.join(posix.dirname(owner), specifier)
    return paths.urlToId(specifier)
  }

  async resolve(file: string): Promise<ModuleId> {
    const target = await this.#resolve(file)
    return typeof target === 'object' ? target.external : target
  }

  toUrl(id: ModuleId): string {
    return this.#evaluator.store.get(id)?.record.url ?? this.#evaluator.paths.idToUrl(id)
  }

  install(modules: readonly ModuleRecord[]): ModuleId[] {
    this.#evaluator.install(modules)
    // not only what is new here: an answer to a fetch may have brought it, which changes nothing that runs
    const changed = modules.map(({ id }) => id).filter((id) => this.#isOutdated(id))
    this.#evaluator.instances.forgetFailures()
    this.#evaluator.epoch++
    return changed
  }

  #isOutdated(id: ModuleId): boolean {
    const { store, instances } = this.#evaluator
    const running = instances.live(id)?.stored?.record.hash
    return running !== store.get(id)!.record.hash
  }

  nextImports(id: ModuleId): ReadonlySet<ModuleId> {
    const { store, instances } = this.#evaluator
    const { imports, stored } = instances.live(id) ?? { imports: new Set<ModuleId>(), stored: undefined }
    const current = store.get(id)
    if (!current || !stored) return imports
    const shown = new Set(stored.targets)
    return new Set([...current.targets, ...[...imports].filter((dep) => !shown.has(dep))])
  }

  async prepare(
    roots: readonly ModuleId[],
    replaced: ReadonlySet<ModuleId>,
    failed: readonly FailedModule[],
  ): Promise<void> {
    const broken = new Map(failed.map((module) => [module.id, module]))
    const isNew = (id: ModuleId): boolean => replaced.has(id) || !this.#evaluator.instances.live(id)
    const needed = new Set(roots)
    const modules: StoredModule[] = []
    for (const id of needed) {
      const failure = broken.get(id)
      if (failure) throw reviveError(failure.error)
      const stored = this.#evaluator.store.get(id) ?? (await this.#evaluator.obtain(id))
      // a SyntaxError that only this version of Node sees
      stored.compile()
      modules.push(stored)
      for (const dep of Object.values(stored.record.deps)) if (isNew(dep)) needed.add(dep)
    }
    for (const stored of modules) this.#checkNames(stored, isNew)
  }

  /** Whether a module runs with the code that is held. */
  #isCurrent(id: ModuleId): boolean {
    const live = this.#evaluator.instances.live(id)
    return live?.evaluated === true && live.stored?.record.hash === this.#evaluator.store.get(id)?.record.hash
  }

  /** The names of two that have been evaluated with just this code were checked then; those by `export *` are of other modules. */
  #isLinked(target: ModuleId): boolean {
    const behind = this.#evaluator.store.get(target)
    return behind !== undefined && !behind.isCommonJs && !behind.hasStars && this.#isCurrent(target)
  }

  detach(ids: Iterable<ModuleId>): DetachedInstance[] {
    const detached: Instance[] = []
    for (const id of ids) {
      const instance = this.#evaluator.instances.entry(id)
      if (!instance) continue
      this.#evaluator.instances.take(instance)
      if (instance.promise && !instance.failure) detached.push(instance)
    }
    this.#evaluator.epoch++
    return detached
  }

  attach(instances: readonly DetachedInstance[]): void {
    for (const instance of instances) {
      const current = this.#evaluator.instances.entry(instance.id)
      if (current && current !== instance) this.#evaluator.instances.take(current)
      this.#evaluator.instances.put(instance as Instance)
      const { stored } = instance as Instance
      if (stored) this.#evaluator.scripts.add(stored)
    }
    this.#evaluator.epoch++
  }

  async reevaluate(instance: DetachedInstance): Promise<void> {
    this.#evaluator.epoch++
    const current = this.#evaluator.instances.entry(instance.id)
    if (current && current !== instance) this.#evaluator.instances.take(current)
    await this.#evaluator.restart(instance as Instance)
  }

  async evaluate(id: ModuleId): Promise<ModuleNamespace> {
    // the caller knows why it asks again for what has failed
    this.#evaluator.epoch++
    return this.#evaluator.load(id)
  }

  isSettled(ids: Iterable<ModuleId>): boolean {
    for (const id of ids) if (this.#evaluator.instances.entry(id)?.isRunning) return false
    return true
  }

  async settled(ids: Iterable<ModuleId>): Promise<void> {
    const wanted = [...ids]
    while (!this.isSettled(wanted)) {
      await Promise.allSettled(wanted.map((id) => this.#evaluator.instances.entry(id)?.promise))
    }
  }

  #code(id: ModuleId): StoredModule | undefined {
    return this.#evaluator.instances.entry(id)?.stored ?? this.#evaluator.store.get(id)
  }

  /** Throws for an import of a name that the module behind it does not have; externals are seen to when they are loaded. */
  #checkNames(stored: StoredModule, isNew: (id: ModuleId) => boolean): void {
    const { id, code, deps } = stored.record
    const isCurrent = this.#isCurrent(id)
    const isLinked = (target: ModuleId): boolean => isCurrent && this.#isLinked(target)
    if (Object.values(deps).every(isLinked)) return
    for (const { specifier, names } of stored.imports) {
      const target = stored.target(specifier)
      if (target === undefined || names === '*' || names.length === 0 || isLinked(target)) continue
      const exports = this.#evaluator.store.exportsOf(target)
      const kept = isNew(target) ? undefined : this.#evaluator.instances.live(target)?.exports
      const has = (name: string): boolean => exports.open || exports.names.has(name)
      for (const name of names) {
        if (kept ? name in kept || !this.#evaluator.instances.live(target)?.evaluated : has(name)) continue
        if (isMaybeType(code, specifier, name, stored.place.file)) continue
        throw missingExport(name, specifier, 'module', stored.record.url)
      }
    }
  }
}

/** A view of an instance: everything in it is derived when asked for. */
class Node implements GraphNode {
  readonly id: ModuleId
  readonly imports: ReadonlySet<ModuleId>
  readonly #instance: Instance
  readonly #evaluator: Evaluator

  constructor(instance: Instance, evaluator: Evaluator) {
    this.id = instance.id
    this.imports = instance.imports
    this.#instance = instance
    this.#evaluator = evaluator
  }

  get url(): string {
    return (this.#instance.stored ?? this.#evaluator.store.get(this.id))?.record.url ?? this.id
  }

  get importers(): ReadonlySet<ModuleId> {
    return this.#evaluator.instances.importersOf(this.id)
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
