/**
 * Evaluates ES modules while the caller waits: what `require()` of one needs. As under Node that is not possible for a module
 * with top-level await.
 */
import { createRequire, isBuiltin } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import { TetherError } from '../shared/errors.ts'
import type { FetchAnswer, ModuleId } from '../shared/types.ts'
import { isMaybeType } from './code.ts'
import type { Evaluator, StaticImports } from './evaluator.ts'
import type { ImportMetadata } from './imports.ts'
import type { Instance } from './instance.ts'
import { namespaceOf } from './interop.ts'
import { resolveLikeImport } from './meta.ts'
import { formatOf, missingExport } from './native.ts'
import type { StoredModule } from './store.ts'

/** As `ModuleSource.fetch`, but blocks this thread until the server has answered. Throws what that would reject with. */
export type FetchNow = (url: string, importer?: ModuleId, fresh?: boolean) => FetchAnswer

/** Loads modules into the cache of an evaluator without a tick in between. */
export class NowLoader implements StaticImports {
  readonly #evaluator: Evaluator
  readonly #fetchNow: FetchNow

  constructor(evaluator: Evaluator, fetchNow: FetchNow) {
    this.#evaluator = evaluator
    this.#fetchNow = fetchNow
  }

  /** Asks the server what `url` means and takes the code that it brings. */
  fetch(url: string, importer?: ModuleId, fresh?: boolean): { id: ModuleId } | { external: string } {
    const answer = this.#fetchNow(url, importer, fresh)
    if ('external' in answer) return answer
    this.#evaluator.install(answer.modules)
    // this came past the session, which is to know from now on that the modules are held; what it brings is not newer
    this.#evaluator.fetch(answer.id).catch(() => {})
    return { id: answer.id }
  }

  /** The code of a module. */
  obtain(id: ModuleId, importer?: ModuleId): StoredModule {
    const { store } = this.#evaluator
    if (!store.get(id)) this.fetch(id, importer, true)
    const stored = store.get(id)
    if (stored) return stored
    throw new TetherError('ERR_MODULE_NOT_FOUND', `Cannot find module '${id}': the server answered without its code.`)
  }

  /** The instance of a module, evaluated if there is none. One that is being evaluated is given as it is, as in CommonJS cycles. */
  load(id: ModuleId, importer?: Instance): Instance {
    const { instances, epoch } = this.#evaluator
    const found = instances.entry(id)
    if (found?.promise && !found.failure) {
      if (!found.evaluated) found.isHandedOut = true
      return found
    }
    if (found?.failure?.epoch === epoch) throw found.failure.error
    const instance = instances.create(id, found?.failure && found.isHandedOut ? found.namespace : undefined)
    const { succeed, fail } = this.#evaluator.begin(instance)
    try {
      this.#run(instance, this.obtain(id, importer?.id))
      succeed()
      return instance
    } catch (error) {
      // the error is the caller's: nobody may be waiting for the promise
      instance.promise!.catch(() => {})
      fail(error, epoch)
      throw error
    }
  }

  /** `import ... from specifier` of a module that is evaluated by this loader. */
  static(instance: Instance, specifier: string, metadata: ImportMetadata | undefined): object {
    const stored = instance.stored!
    const { record, place } = stored
    const target = stored.target(specifier)
    const loaded = target === undefined ? undefined : this.load(target, instance)
    const namespace = loaded
      ? loaded.exports!
      : (this.#evaluator.provided(instance, specifier) ?? this.#external(specifier, stored))
    for (const name of metadata?.importedNames ?? []) {
      if (name in namespace || (loaded && !loaded.evaluated)) continue
      if (isMaybeType(record.code, specifier, name, place.file)) continue
      throw missingExport(name, specifier, loaded ? 'module' : formatOf(namespace, specifier, place.file))
    }
    return namespace
  }

  #run(instance: Instance, stored: StoredModule): void {
    this.#evaluator.link(instance, stored)
    if (stored.isCommonJs) this.#evaluator.runCommonJs(instance, stored)
    else stored.compiled.runNow(this.#evaluator.context(instance, stored, this))
    this.#evaluator.finish(instance)
  }

  /** What an import of an external gives: the module that `import` would load, loaded by `require`. */
  #external(specifier: string, { place: { file }, record }: StoredModule): object {
    const require = createRequire(file)
    const url = isBuiltin(specifier) ? specifier : resolveLikeImport(specifier, pathToFileURL(file).href)
    const loaded: unknown = require(url.startsWith('file:') ? fileURLToPath(url) : url)
    if (types.isModuleNamespaceObject(loaded)) return loaded as object
    return namespaceOf(loaded, record.interop === 'compiled')
  }
}
