/** Supplies an evaluation that can wait: code from the server through the session, externals from Node. */
import { isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import type { StoredModule } from '../code/store.ts'
import { formatOf, importExternal } from './externals.ts'
import { seenBy } from './interop.ts'
import { Scopes } from './package-scopes.ts'
import type { Supply } from './supply.ts'

/** The evaluator, as far as its supply needs it. */
export interface SupplyHost {
  /** The code of a module. */
  obtain(id: ModuleId, importer?: ModuleId): Promise<StoredModule>
  /** Marks an error as one that must not be remembered as the module's result. */
  transient(error: unknown): unknown
}

/** The supply of one evaluator. */
export class SessionSupply implements Supply {
  readonly isNow = false
  readonly #evaluator: SupplyHost
  /** Externals that Node has loaded, by specifier and place of the importer. They stay for ever, as in Node's own cache. */
  readonly #externals = new Map<string, object>()
  readonly #scopes = new Scopes()

  constructor(evaluator: SupplyHost) {
    this.#evaluator = evaluator
  }

  obtain(id: ModuleId, importer?: ModuleId): Promise<StoredModule> {
    return this.#evaluator.obtain(id, importer)
  }

  external(importer: StoredModule, wanted: ImportRequest): object | Promise<object> {
    const { specifier } = wanted
    const key = isBuiltin(specifier) ? specifier : `${this.#placeOf(specifier, importer)}\0${specifier}`
    const known = this.#externals.get(key)
    if (known) return interop(importer, wanted, known)
    return this.#load(specifier, importer).then((namespace) => {
      this.#externals.set(key, namespace)
      return interop(importer, wanted, namespace)
    })
  }

  /** The folder that decides what a specifier means. Saves asking Node again, which takes a millisecond with hooks in a thread. */
  #placeOf(specifier: string, { place }: StoredModule): string {
    const folder = dirname(place.file)
    return specifier.startsWith('.') ? folder : this.#scopes.of(folder)
  }

  async #load(specifier: string, { compiled, place }: StoredModule): Promise<object> {
    try {
      return await importExternal(compiled.importNative, specifier, place.file)
    } catch (error) {
      throw this.#evaluator.transient(error)
    }
  }
}

function interop(importer: StoredModule, { specifier, importedNames }: ImportRequest, namespace: object): object {
  const isCommonJs = () => isBuiltin(specifier) || formatOf(namespace, specifier, importer.place.file) === 'commonjs'
  return seenBy(importer, namespace, importedNames, isCommonJs)
}
