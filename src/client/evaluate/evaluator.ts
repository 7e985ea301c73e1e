/**
 * Evaluates modules: the module cache of a runner, and who waits for whom in it.
 */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { ModuleCacheMap } from 'vite-node/client'
import { KEEP } from '../../shared/constants.ts'
import { TetherError } from '../../shared/errors.ts'
import type { FetchAnswer, ModuleId, ModuleRecord } from '../../shared/types.ts'
import type { ImportRequest, ModuleContext } from '../code/compile.ts'
import type { Paths } from '../code/paths.ts'
import { ModuleStore, type StoredModule } from '../code/store.ts'
import { ScriptTable } from '../debug/script-table.ts'
import { installStackHook } from '../debug/stack-hook.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { runCommonJs } from './commonjs-file.ts'
import { createCommonJs } from './commonjs-variables.ts'
import { Evaluation } from './evaluation.ts'
import { createImportMeta } from './import-meta.ts'
import { Imports } from './imports.ts'
import type { Instance } from './instance.ts'
import { Instances } from './instances.ts'
import { namesOf, WHOLE } from './interop.ts'
import { moduleVariable } from './main-module.ts'

/** Where code comes from: out of process the session, which asks the server. */
export interface ModuleSource {
  /** See `ServerFunctions.fetch`. */
  fetch(url: string, importer?: ModuleId, fresh?: boolean): Promise<FetchAnswer>
}

/** Told of each app file that Node itself has loaded: its path on this machine, and on the server. */
export type LoadReport = (file: string, path: string) => void

/** What an evaluator is made of. */
export interface EvaluatorOptions {
  cache: ModuleCacheMap
  paths: Paths
  source: ModuleSource
  /** `import.meta.env`. */
  env: Record<string, unknown>
  /** Absolute path of the module whose `import.meta.main` is `true`. */
  main: string | undefined
  /** Makes `import.meta.hot`; absent if there is no HMR. */
  createHot: ((id: ModuleId) => unknown) | undefined
  /** Makes `vite-tether/keep` for an instance; absent if that is a package like any other. */
  createKeep?: ((keeper: Instance) => object) | undefined
  /** Told of each module that Node runs. */
  loadedNatively?: LoadReport | undefined
}

/** Loads, evaluates and remembers modules. */
export class Evaluator {
  readonly store: ModuleStore
  readonly instances: Instances
  readonly paths: Paths
  readonly scripts: ScriptTable
  readonly imports: Imports
  /** Moves when code or instances change: a module that failed is evaluated again only after that, as under Node. */
  epoch = 0
  readonly #options: EvaluatorOptions
  /** Errors that say nothing about the code: a fetch or an external that may succeed the next time. */
  readonly #transient = new WeakSet<object>()

  constructor(options: EvaluatorOptions) {
    this.#options = options
    this.paths = options.paths
    this.store = new ModuleStore(options.paths)
    this.instances = new Instances(options.cache)
    this.scripts = new ScriptTable(options.paths)
    installStackHook()
    this.imports = new Imports(this)
  }

  /** Takes newer code into the store. Returns the ids whose code differs from what was held. */
  install(records: readonly ModuleRecord[]): ModuleId[] {
    const held = new Set(records.flatMap(({ id }) => (this.store.get(id) ? id : [])))
    const changed = this.store.install(records)
    // no module has failed for code that was not there
    if (changed.some((id) => held.has(id))) this.epoch++
    for (const { id, hash } of records) {
      // equal code, but its lines in the source may have moved
      const stored = this.store.get(id)!
      if (this.scripts.has(stored.place.script, hash)) this.scripts.add(stored)
    }
    return changed
  }

  /** Forgets code that is out of date: it is asked for when it is needed. */
  drop(ids: Iterable<ModuleId>): void {
    this.store.drop(ids)
    this.epoch++
  }

  /** Asks the server and takes what it brings. Throws the first error of the module's static graph. */
  async fetch(url: string, importer?: ModuleId, fresh?: boolean): Promise<{ id: ModuleId } | { external: string }> {
    try {
      const answer = await this.#options.source.fetch(url, importer, fresh)
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

  /** Marks an error as one that must not be remembered as the module's result. */
  transient(error: unknown): unknown {
    if (typeof error === 'object' && error !== null) this.#transient.add(error)
    return error
  }

  /** Whether an error says nothing about the code. */
  isTransient(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#transient.has(error)
  }

  /** The namespace of a module, evaluated if it has no instance. Of an import cycle it may still be incomplete. */
  async load(id: ModuleId, importer?: Instance): Promise<ModuleNamespace> {
    return (await this.instance(id, importer)).exports!
  }

  async instance(id: ModuleId, importer?: Instance): Promise<Instance> {
    return new Evaluation(this, this.imports).load(id, importer)
  }

  /** Puts an instance into the cache and evaluates its own code again, into its namespace. It stays if that throws. */
  async restart(instance: Instance): Promise<void> {
    try {
      await new Evaluation(this, this.imports).again(instance)
    } catch (error) {
      instance.begin()
      instance.succeed()
      this.instances.put(instance)
      throw error
    }
  }

  /** The module that the runner itself provides to `instance` for `specifier`, if it does. */
  provided(instance: Instance, specifier: string): object | undefined {
    return specifier === KEEP ? this.#options.createKeep?.(instance) : undefined
  }

  /** Makes an instance one of `stored`, whose body is about to run. */
  link(instance: Instance, stored: StoredModule): void {
    instance.stored = stored
    instance.code = stored.record.code
    this.instances.linkCode(instance, stored)
    this.scripts.add(stored)
    instance.namespace.begin()
    this.#prelink(instance, stored)
  }

  /** The body of an instance has run. */
  finish(instance: Instance): void {
    instance.namespace.seal()
    instance.succeed()
    this.instances.noteOrder(instance)
  }

  /** Node runs it. `import` gives `module.exports` as default, as under Node, and each of its properties as a name. */
  runCommonJs(instance: Instance, { place, record, nativeCode }: StoredModule): void {
    this.#options.loadedNatively?.(place.file, instance.id)
    const module = runCommonJs({ file: place.file, code: nativeCode, hash: record.hash })
    instance.commonJs = module
    for (const name of ['default', WHOLE]) if (name) instance.namespace.define(name, () => module.exports)
    for (const name of namesOf(module.exports)) {
      instance.namespace.define(name, () => (module.exports as Record<string, unknown>)[name])
    }
  }

  /** The evaluation of an instance has failed: a correction of anything that it needed may be one of it. */
  noteFailure(instance: Instance): void {
    this.instances.unlink(instance)
    // without code it has not come to its imports: any module behind it may be the reason
    const needed = instance.stored ? instance.imports : this.unevaluatedBehind(instance.id)
    this.instances.failed.note(instance.id, needed)
  }

  /** A module and the static graph behind it, as far as code is held that shows it and nothing of it has run. */
  unevaluatedBehind(id: ModuleId): Set<ModuleId> {
    return this.store.graphOf([id], (other) => this.instances.isEvaluated(other))
  }

  /** `export *` of app modules: in a cycle the names are needed before that line has run. */
  #prelink({ id, namespace }: Instance, stored: StoredModule): void {
    if (!stored.hasStars) return
    const seen = new Set([id])
    for (const specifier of stored.exports.stars) {
      const target = stored.target(specifier)
      if (target === undefined) continue
      for (const [name, owner] of this.store.exportsOf(target, seen).names) {
        if (name !== 'default') namespace.prelink(name, () => this.instances.live(owner)?.exports)
      }
    }
  }

  /** The arguments with which the body of a module is called. */
  context(instance: Instance, stored: StoredModule): ModuleContext {
    const { namespace, id } = instance
    const { file } = stored.place
    const { mentions, isAsync } = stored.compiled
    const { env, main, createHot } = this.#options
    const commonJs = mentions.commonJs ? createCommonJs(namespace) : undefined
    instance.commonJs = commonJs?.module
    return {
      __vite_ssr_import__: isAsync
        ? (...wanted: Wanted) => this.imports.static(instance, toRequest(...wanted))
        : toRequest,
      __vite_ssr_dynamic_import__: (specifier: unknown) => this.imports.dynamic(instance, specifier),
      __vite_ssr_exports__: namespace.object,
      __vite_ssr_exportAll__: (source: unknown) => namespace.defineAll(source),
      __vite_ssr_exportName__: (name: string, read: () => unknown) => namespace.define(name, read),
      __vite_ssr_import_meta__:
        mentions.meta &&
        createImportMeta({
          file,
          env,
          isMain: file === main,
          createHot: createHot && (() => createHot(id)),
          isAbandoned: () => instance.isAbandoned,
        }),
      require: mentions.require ? createRequire(file) : undefined,
      exports: commonJs?.exports,
      module: commonJs && moduleVariable(file, commonJs.module),
      __filename: file,
      __dirname: dirname(file),
    }
  }
}

type Wanted = [specifier: string, metadata?: { importedNames?: string[] }]

/** What Vite's transform says of a static import. */
function toRequest(...[specifier, metadata]: Wanted): ImportRequest {
  return { specifier, importedNames: metadata?.importedNames ?? [] }
}
