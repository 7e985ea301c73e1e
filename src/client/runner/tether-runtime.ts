/**
 * The `HotRuntime` of our runner: shows the HMR engine its graph, and takes out, puts back and evaluates instances for it.
 */
import { posix } from 'node:path'
import { missingExport } from '../../shared/missing-export.ts'
import { isMaybeType } from '../../shared/transformed-code.ts'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { mayMean } from '../../shared/util/file-path.ts'
import type { StoredModule } from '../code/store.ts'
import type { Evaluator } from '../evaluate/evaluator.ts'
import type { Instance } from '../evaluate/instance.ts'
import type { DetachedInstance, GraphNode, HotRuntime, NextImports, Saved } from '../hmr/hot-runtime.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { AttemptedNode, InstanceNode } from './graph-nodes.ts'

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
    return instance && new InstanceNode(instance, this.#evaluator)
  }

  attempted(id: ModuleId): GraphNode | undefined {
    const { instances } = this.#evaluator
    const live = instances.live(id)
    const failed = [...instances.failed.importersOf(id)].filter(
      (importer) => importer !== id && this.#isAwaited(importer),
    )
    if (live && failed.length === 0) return new InstanceNode(live, this.#evaluator)
    if (!live && !this.#isAwaited(id)) return undefined
    const importers = new Set([...instances.importersOf(id), ...failed])
    return live
      ? new InstanceNode(live, this.#evaluator, importers)
      : new AttemptedNode(id, this.toUrl(id), importers, instances.failed.neededBy(id))
  }

  /** `true` if a live module has tried to import what has failed here. */
  #isAwaited(id: ModuleId): boolean {
    const { instances } = this.#evaluator
    const failed = new Set([id])
    for (const each of failed) {
      if (instances.live(each)) continue
      if (instances.failed.has(each) && instances.importersOf(each).size > 0) return true
      for (const importer of instances.failed.importersOf(each)) failed.add(importer)
    }
    return false
  }

  /** Those whose evaluation has failed are among them until the next `install`: they may hold something to dispose of. */
  ids(): Iterable<ModuleId> {
    return this.#evaluator.instances.all().map(({ id }) => id)
  }

  /** Also those whose evaluation has failed, and which have no node therefore. */
  roots(): Iterable<ModuleId> {
    return [...this.#roots]
  }

  isKnown(id: ModuleId): boolean {
    const { instances } = this.#evaluator
    return instances.entry(id) !== undefined || instances.hasBeenEvaluated(id)
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

  #code(id: ModuleId): StoredModule | undefined {
    return this.#evaluator.instances.entry(id)?.stored ?? this.#evaluator.store.get(id)
  }

  async resolve(file: string): Promise<ModuleId> {
    const target = await this.#resolve(file)
    return typeof target === 'object' ? target.external : target
  }

  toUrl(id: ModuleId): string {
    return this.#evaluator.store.get(id)?.record.url ?? this.#evaluator.paths.idToUrl(id)
  }

  install(modules: readonly ModuleRecord[], saved?: Saved): ModuleId[] {
    this.#evaluator.install(modules)
    if (saved?.stale) this.#evaluator.drop(saved.stale)
    if (saved) this.#evaluator.store.settle(saved.seeds, saved.failed)
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

  async nextImports(id: ModuleId): Promise<NextImports> {
    const { store, instances } = this.#evaluator
    const live = instances.live(id)
    // its code is on its way
    if (live && !live.stored && !store.get(id)) return undefined
    const current = await this.#evaluator.obtain(id).catch(() => undefined)
    if (!current) return this.isKnown(id) ? undefined : new Set()
    const shown = new Set(live?.stored?.targets)
    const others = [...(live?.imports ?? [])].filter((dep) => !live!.evaluated || !shown.has(dep))
    return new Set([...current.targets, ...instances.computedBy(id), ...others])
  }

  async prepare(roots: readonly ModuleId[], replaced: ReadonlySet<ModuleId>): Promise<void> {
    const { store, instances } = this.#evaluator
    const isNew = (id: ModuleId): boolean => replaced.has(id) || !instances.live(id)
    const needed = new Set(roots)
    const modules: StoredModule[] = []
    for (const id of needed) {
      const stored = store.current(id) ?? (await this.#evaluator.obtain(id))
      // a SyntaxError that only this version of Node sees
      stored.compile()
      modules.push(stored)
      for (const dep of stored.staticTargets) if (isNew(dep)) needed.add(dep)
      // an import() that has run before is going to run again: what it loads must be there, as for a static import
      for (const [specifier, dep] of Object.entries(stored.record.dynamicDeps)) {
        const isOther = specifier.startsWith('.') || !instances.live(dep)
        if (replaced.has(dep) || (isOther && this.#isNext(id, dep))) needed.add(dep)
      }
      // the folder that a computed one has read may not have that file any more
      for (const dep of instances.computedBy(id)) if (replaced.has(dep) && !this.#isMissing(dep)) needed.add(dep)
    }
    for (const stored of modules) this.#checkNames(stored, isNew)
  }

  /**
   * `import('./routes')` has loaded routes.ts, then that is deleted, and Vite leaves the specifier as it is written; or it is renamed to
   * routes/index.ts, and the import means that one now.
   */
  #isNext(importer: ModuleId, path: ModuleId): boolean {
    const { instances } = this.#evaluator
    const imports = instances.live(importer)?.imports ?? []
    // one that is on its way may fail yet, and be caught
    return [...imports].some((id) => mayMean(path, id) && instances.live(id)?.evaluated)
  }

  #isMissing(id: ModuleId): boolean {
    return this.#evaluator.store.failureOf(id)?.error.code === 'ERR_MODULE_NOT_FOUND'
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
        const importer = { file: stored.place.file, url: stored.record.url }
        throw missingExport(name, specifier, 'module', importer, kept ? Object.keys(kept) : exports.names.keys(), true)
      }
    }
  }

  /** The names of two that have been evaluated with just this code were checked then; those by `export *` are of other modules. */
  #isLinked(target: ModuleId): boolean {
    const behind = this.#evaluator.store.get(target)
    return behind !== undefined && !behind.isCommonJs && !behind.hasStars && this.#isCurrent(target)
  }

  /** `true` if a module runs the code that the store holds. */
  #isCurrent(id: ModuleId): boolean {
    const live = this.#evaluator.instances.live(id)
    return live?.evaluated === true && live.stored?.record.hash === this.#evaluator.store.get(id)?.record.hash
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

  track(): () => ModuleId[] {
    const { instances } = this.#evaluator
    const created = instances.track()
    return () => [...created].filter((id) => instances.entry(id)?.promise)
  }

  async evaluate(id: ModuleId): Promise<ModuleNamespace> {
    // the caller knows why it asks again for what has failed
    this.#evaluator.epoch++
    return this.#evaluator.load(id)
  }

  abandon(ids: Iterable<ModuleId>): () => void {
    const running = [...ids].flatMap((id) => this.#evaluator.instances.entry(id) ?? []).filter((each) => each.isRunning)
    for (const instance of running) instance.isAbandoned = true
    return () => {
      for (const instance of running) instance.release()
    }
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
}
