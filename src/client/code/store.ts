/**
 * The code this runner holds: the newest record of each module, compiled and analysed when first needed.
 */
import { reviveError } from '../../shared/errors.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import { type CompiledModule, compileModule } from './compile.ts'
import { debuggable } from './debug-code.ts'
import type { ModulePlace, Paths } from './paths.ts'
import { type ExportNames, exportsOf, type ImportStatement, importsOf } from './transformed-code.ts'

/** One record and what was made of it. An instance keeps its own, so that it can be evaluated again after an update. */
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

  /** Not for CommonJS. Throws the SyntaxError of V8. */
  get compiled(): CompiledModule {
    this.#compiled ??= this.#compile()
    return this.#compiled
  }

  /** What Node is to run of a CommonJS module. */
  get nativeCode(): string {
    this.#native ??= this.#source()
    return this.#native
  }

  /** The text that V8 has of it: its hash identifies the script of a stack frame. */
  get text(): string {
    return this.isCommonJs ? this.nativeCode.replace(/^#!/, '//') : this.compiled.text
  }

  #compile(): CompiledModule {
    const source = this.#source()
    const compiled = compileModule(source, this.place)
    // a part of the text that V8 keeps, in place of another as long
    if (source === this.record.code) this.record.code = compiled.code
    return compiled
  }

  #source(): string {
    return debuggable(this.record, (source) => this.#paths.sourceOf(source, this.place.file))
  }

  /** Nothing is left to do before it runs. */
  get isCompiled(): boolean {
    return this.isCommonJs || this.#compiled !== undefined
  }

  /** Does now what `compiled` would do. */
  compile(): void {
    if (!this.isCommonJs) void this.compiled
  }

  /** Node runs it: what it imports and exports is not known before. */
  get isCommonJs(): boolean {
    return this.record.format === 'commonjs'
  }

  /** Static imports, in order. */
  get imports(): readonly ImportStatement[] {
    this.#imports ??= this.isCommonJs ? [] : importsOf(this.record.code)
    return this.#imports
  }

  /** It has `export *`: some of its exports are those of other modules. */
  get hasStars(): boolean {
    this.#hasStars ??= !this.isCommonJs && this.record.code.includes('__vite_ssr_exportAll__')
    return this.#hasStars
  }

  /** Its own exports. */
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

  /** The app modules of its static imports. */
  get staticTargets(): ModuleId[] {
    return Object.values(this.record.deps)
  }

  /** All app modules that the code shows it imports, now or later. */
  get targets(): ModuleId[] {
    return [...this.staticTargets, ...Object.values(this.record.dynamicDeps)]
  }

  /** Equal code with a newer version or map: what was compiled stays. */
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
  /** Modules that cannot be transformed as they are saved: whoever evaluates one gets its error, and never the code from before. */
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

  /** The code to evaluate a module from; `undefined` if the server is to be asked. Throws why its current source has none. */
  current(id: ModuleId): StoredModule | undefined {
    const failed = this.#failed.get(id)
    if (failed) throw reviveError(failed.error)
    return this.#modules.get(id)
  }

  /** Why a module's current source cannot be transformed. */
  failureOf(id: ModuleId): FailedModule | undefined {
    return this.#failed.get(id)
  }

  /** The server has transformed `ids` anew, and these of them have failed. */
  settle(ids: Iterable<ModuleId>, failed: readonly FailedModule[]): void {
    for (const id of ids) this.#failed.delete(id)
    for (const module of failed) this.#failed.set(module.id, module)
  }

  /** `ids`, and the modules behind their static imports that are not evaluated, as far as code is held that shows them. */
  graphOf(ids: Iterable<ModuleId>, isEvaluated: (id: ModuleId) => boolean): Set<ModuleId> {
    const graph = new Set(ids)
    for (const id of graph) {
      for (const dep of this.#modules.get(id)?.staticTargets ?? []) if (!isEvaluated(dep)) graph.add(dep)
    }
    return graph
  }

  /** Throws if evaluating `id` would need a module that cannot be transformed: as under Node nothing runs of such a graph. */
  checkGraph(id: ModuleId, isEvaluated: (id: ModuleId) => boolean): void {
    if (this.#failed.size === 0) return
    for (const each of this.graphOf([id], isEvaluated)) this.current(each)
  }

  /** Takes records that are newer than what is held. Returns the ids whose code differs from what was held. */
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

  /** Compiles what was just installed, while the rest of it is on its way. */
  compile(records: readonly ModuleRecord[]): void {
    for (const { id } of records) {
      try {
        this.#modules.get(id)?.compile()
      } catch {
        // evaluating it throws the same
      }
    }
  }

  /** What is held: id -> hash. With `renumber`, any version that comes from now on is newer: the server counts anew. */
  holdings(renumber: boolean): Record<ModuleId, string> {
    const held: Record<ModuleId, string> = {}
    for (const [id, stored] of this.#modules) {
      held[id] = stored.record.hash
      if (renumber) this.#modules.set(id, stored.renew({ ...stored.record, version: 0 }, this.#paths))
    }
    return held
  }

  /** Forgets code that is out of date; what runs of it is not touched. */
  drop(ids: Iterable<ModuleId>): void {
    for (const id of ids) this.#modules.delete(id)
  }

  /**
   * What `id` exports, `export *` included: each name with the module in whose code it stands. `open` if that cannot be known
   * without running it.
   */
  exportsOf(id: ModuleId, seen = new Set<ModuleId>()): { names: Map<string, ModuleId>; open: boolean } {
    seen.add(id)
    const stored = this.#modules.get(id)
    if (!stored) return { names: new Map(), open: true }
    const names = new Map(Array.from(stored.exports.names, (name) => [name, id]))
    let { open } = stored.exports
    for (const specifier of stored.exports.stars) {
      const target = stored.target(specifier)
      if (target !== undefined && seen.has(target)) continue
      const behind =
        target === undefined ? { names: new Map<string, ModuleId>(), open: true } : this.exportsOf(target, seen)
      open ||= behind.open
      for (const [name, owner] of behind.names) if (name !== 'default' && !names.has(name)) names.set(name, owner)
    }
    return { names, open }
  }
}
