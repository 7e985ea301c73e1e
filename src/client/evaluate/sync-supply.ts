/**
 * Evaluates ES modules while the caller waits, for `require()` of one. As under Node, a module with top-level await cannot be
 * evaluated this way.
 */
import { createRequire, isBuiltin } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import { TetherError } from '../../shared/errors.ts'
import type { FetchAnswer, ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import type { StoredModule } from '../code/store.ts'
import { Evaluation } from './evaluation.ts'
import type { Evaluator } from './evaluator.ts'
import { resolveLikeImport } from './import-meta.ts'
import type { Instance } from './instance.ts'
import { namespaceOf } from './interop.ts'
import type { Supply } from './supply.ts'

/** As `ModuleSource.fetch`, but blocks this thread until the server has answered, and throws instead of rejecting. */
export type FetchNow = (url: string, importer?: ModuleId, fresh?: boolean) => FetchAnswer

/** Loads modules into the cache of an evaluator without a tick in between. */
export class SyncSupply implements Supply {
  readonly isNow = true
  readonly #evaluator: Evaluator
  readonly #fetchNow: FetchNow

  constructor(evaluator: Evaluator, fetchNow: FetchNow) {
    this.#evaluator = evaluator
    this.#fetchNow = fetchNow
  }

  /** Asks the server to resolve `url`, and installs the code that comes. */
  fetch(url: string, importer?: ModuleId, fresh?: boolean): { id: ModuleId } | { external: string } {
    const answer = this.#ask(url, importer, fresh)
    if ('external' in answer) return answer
    this.#evaluator.install(answer.modules)
    // this answer came past the session. The session's feed must learn that the modules are held, or later saves of them would not
    // be sent: the second fetch tells it, and brings no newer code
    this.#evaluator.fetch(answer.id).catch(() => {})
    return { id: answer.id }
  }

  #ask(...args: Parameters<FetchNow>): FetchAnswer {
    try {
      return this.#fetchNow(...args)
    } catch (error) {
      throw this.#evaluator.transient(error)
    }
  }

  /** The code of a module. */
  obtain(id: ModuleId, importer?: ModuleId): StoredModule {
    const { store } = this.#evaluator
    if (!store.current(id)) this.fetch(id, importer, true)
    const stored = store.get(id)
    if (stored) return stored
    throw new TetherError('ERR_MODULE_NOT_FOUND', `Cannot find module '${id}': the server answered without its code.`)
  }

  /** The instance of a module; evaluates one if there is none. A running one is returned as it is. */
  load(id: ModuleId): Instance {
    return new Evaluation(this.#evaluator, this).load(id) as Instance
  }

  /** The namespace of an external: the file that `import` would load, loaded by `require`. */
  external({ place: { file }, record }: StoredModule, { specifier, importedNames }: ImportRequest): object {
    const require = createRequire(file)
    const url = isBuiltin(specifier) ? specifier : resolveLikeImport(specifier, pathToFileURL(file).href)
    const loaded: unknown = require(url.startsWith('file:') ? fileURLToPath(url) : url)
    if (types.isModuleNamespaceObject(loaded)) return loaded as object
    return namespaceOf(loaded, record.interop === 'compiled', importedNames)
  }
}
