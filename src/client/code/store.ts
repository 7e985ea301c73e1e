/**
 * The code that a runner holds: the newest record of each module, compiled and analysed when first needed.
 */
import { reviveError } from '../../shared/errors.ts'
import { type AllExports, allExportsOf } from '../../shared/exported-names.ts'
import { type ExportNames, exportsOf, type ImportStatement, importsOf } from '../../shared/transformed-code.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { type CompiledModule, compileModule } from './compile.ts'
import { debuggable } from './debug-code.ts'
import type { ModulePlace, Paths } from './paths.ts'

/**
 * A record with its compiled function and its imports and exports. An instance keeps the one it was made of: if an update fails,
 * the instance is evaluated again from this old code.
 */
export class StoredModule {
  readonly record: ModuleRecord
  readonly place: ModulePlace
  readonly #paths: Paths
  #compiled: CompiledModule | undefined
  #native: string | undefined
  #imports: ImportStatement[] | undefined
  #exports: ExportNames | undefined
  #hasStars: boolean | undefined

  constructor(record: ModuleRecord, paths: Paths) {
    this.record = record
    this.place = paths.place(record)
    this.#paths = paths
  }

  /** The compiled module; not for CommonJS. Throws the SyntaxError of V8. */
  get compiled(): CompiledModule {
    this.#compiled ??= this.#compile()
    return this.#compiled
  }

  /** The code of a CommonJS module for Node to run. */
  get nativeCode(): string {
    this.#native ??= this.#source()
    return this.#native
  }

  /** The text that V8 has compiled. V8 gives its hash with a stack frame, which tells versions of a module apart. */
  get text(): string {
    return this.isCommonJs ? this.nativeCode.replace(/^#!/, '//') : this.compiled.text
  }

  #compile(): CompiledModule {
    const source = this.#source()
    const compiled = compileModule(source, this.place)
    // `compiled.code` is a slice of the text that V8 keeps: the record needs no copy of its own
    if (source === this.record.code) this.record.code = compiled.code
    return compiled
  }

  #source(): string {
    return debuggable(this.record, (source) => this.#paths.sourceOf(source, this.place.file))
  }

  /** `true` if nothing is left to compile before the module runs. */
  get isCompiled(): boolean {
    return this.isCommonJs || this.#compiled !== undefined
  }

  /** Compiles now, where `compiled` would at first use. */
  compile(): void {
    if (!this.isCommonJs) void this.compiled
  }

  /** `true` if Node runs the module as CommonJS: its imports and exports are not known before. */
  get isCommonJs(): boolean {
    return this.record.format === 'commonjs'
  }

  /** The static imports, in order. */
  get imports(): readonly ImportStatement[] {
    this.#imports ??= this.isCommonJs ? [] : importsOf(this.record.code)
    return this.#imports
  }

  /** `true` if the code has `export *`: some of its exports come from other modules. */
  get hasStars(): boolean {
    this.#hasStars ??= !this.isCommonJs && this.record.code.includes('__vite_ssr_exportAll__')
    return this.#hasStars
  }

  /** The names that the module's own code exports, and its `export *`s. */
  get exports(): ExportNames {
    this.#exports ??= this.isCommonJs ? { names: new Set(), stars: [], open: true } : exportsOf(this.record.code)
    return this.#exports
  }

  /** The app module that a specifier in the code means; `undefined` for an external. */
  target(specifier: string): ModuleId | undefined {
    const { deps, dynamicDeps } = this.record
    if (Object.hasOwn(deps, specifier)) return deps[specifier]
    return Object.hasOwn(dynamicDeps, specifier) ? dynamicDeps[specifier] : undefined
  }

  /** The app modules that the code imports statically. */
  get staticTargets(): ModuleId[] {
    return Object.values(this.record.deps)
  }

  /** The app modules that the code imports statically or by `import()` of a literal. */
  get targets(): ModuleId[] {
    return [...this.staticTargets, ...Object.values(this.record.dynamicDeps)]
  }

  /** Makes a stored module of a record with equal code and a newer version or map; keeps the compiled function. */
  renew(record: ModuleRecord, paths: Paths): StoredModule {
    const renewed = new StoredModule(record, paths)
    renewed.#compiled = this.#compiled
    renewed.#native = this.#native
    renewed.#imports = this.#imports
    renewed.#exports = this.#exports
    return renewed
  }
}

/** The newest code of each module. */
export class ModuleStore {
  readonly #modules = new Map<ModuleId, StoredModule>()
  readonly #ids = new Map<string, ModuleId>()
  /** Modules whose saved source fails to transform. Evaluating one throws this error, instead of running the previous code. */
  readonly #failed = new Map<ModuleId, FailedModule>()
  readonly #paths: Paths

  constructor(paths: Paths) {
    this.#paths = paths
  }

  get(id: ModuleId): StoredModule | undefined {
    return this.#modules.get(id)
  }

  /** The id of the module with this URL, as Vite writes it. */
  idOf(url: string): ModuleId | undefined {
    return this.#ids.get(url)
  }

  /** The code to evaluate a module from; `undefined` if the server must be asked. Throws if its saved source fails to transform. */
  current(id: ModuleId): StoredModule | undefined {
    const failed = this.#failed.get(id)
    if (failed) throw reviveError(failed.error)
    return this.#modules.get(id)
  }

  /** The transform error of a module's saved source, if it has one. */
  failureOf(id: ModuleId): FailedModule | undefined {
    return this.#failed.get(id)
  }

  /** Notes that the server has transformed `ids` anew, and that `failed` are those of them that could not be transformed. */
  settle(ids: Iterable<ModuleId>, failed: readonly FailedModule[]): void {
    for (const id of ids) this.#failed.delete(id)
    for (const module of failed) this.#failed.set(module.id, module)
  }

  /** `ids` and all modules behind their static imports that are not evaluated, as far as the held code shows them. */
  graphOf(ids: Iterable<ModuleId>, isEvaluated: (id: ModuleId) => boolean): Set<ModuleId> {
    const graph = new Set(ids)
    for (const id of graph) {
      for (const dep of this.#modules.get(id)?.staticTargets ?? []) if (!isEvaluated(dep)) graph.add(dep)
    }
    return graph
  }

  /** Throws if evaluating `id` would need a module that fails to transform: as under Node, no module of such a graph runs. */
  checkGraph(id: ModuleId, isEvaluated: (id: ModuleId) => boolean): void {
    if (this.#failed.size === 0) return
    for (const each of this.graphOf([id], isEvaluated)) this.current(each)
  }

  /** Takes the records that are newer than the held ones. Returns the ids whose code differs from the code held before. */
  install(records: readonly ModuleRecord[]): ModuleId[] {
    const changed: ModuleId[] = []
    for (const record of records) {
      this.#failed.delete(record.id)
      const held = this.#modules.get(record.id)
      if (held && held.record.version >= record.version) continue
      this.#ids.set(record.url, record.id)
      const isEqual = held?.record.hash === record.hash
      this.#modules.set(record.id, isEqual ? held.renew(record, this.#paths) : new StoredModule(record, this.#paths))
      if (!isEqual) changed.push(record.id)
    }
    return changed
  }

  /** Compiles records that were just installed, while the rest of their graph is on its way. */
  compile(records: readonly ModuleRecord[]): void {
    for (const { id } of records) {
      try {
        this.#modules.get(id)?.compile()
      } catch {
        // evaluating the module compiles it again and throws this SyntaxError where it is reported
      }
    }
  }

  /**
   * All held code: id -> hash. `renumber` sets the held versions to 0, because a server that was started anew counts from 1: without
   * it, newer code of a low number would be dropped.
   */
  holdings(renumber: boolean): Record<ModuleId, string> {
    const held: Record<ModuleId, string> = {}
    for (const [id, stored] of this.#modules) {
      held[id] = stored.record.hash
      if (renumber && stored.record.version !== 0)
        this.#modules.set(id, stored.renew({ ...stored.record, version: 0 }, this.#paths))
    }
    return held
  }

  /** Forgets code that is out of date. Instances that were made of it run on. */
  drop(ids: Iterable<ModuleId>): void {
    for (const id of ids) this.#modules.delete(id)
  }

  /** See {@link allExportsOf}. */
  exportsOf(id: ModuleId, seen?: Set<ModuleId>): AllExports {
    return allExportsOf(id, (each) => this.#modules.get(each), seen)
  }
}
