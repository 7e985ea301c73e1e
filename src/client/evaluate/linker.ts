/** Links instances with their code: edges, namespace, and the arguments with which the bodies are called. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest, ModuleContext } from '../code/compile.ts'
import type { ModuleStore, StoredModule } from '../code/store.ts'
import type { ScriptTable } from '../debug/script-table.ts'
import { runCommonJs } from './commonjs-file.ts'
import { createCommonJs } from './commonjs-variables.ts'
import { createImportMeta } from './import-meta.ts'
import type { Imports } from './imports.ts'
import type { Instance } from './instance.ts'
import type { Instances } from './instances.ts'
import { namesOf, WHOLE } from './interop.ts'
import { moduleVariable } from './main-module.ts'

/**
 * Called for each app file that Node itself loads, with its path on this machine and on the server. `isMissing`: Node looks for it, and
 * finds none.
 */
export type LoadReport = (file: string, path: string, isMissing?: boolean) => void

/** The surroundings of all modules: environment, main module, hot contexts. */
export interface Surroundings {
  /** `import.meta.env`. */
  env: Record<string, unknown>
  /** Absolute path of the module whose `import.meta.main` is `true`. */
  main: string | undefined
  /** Makes `import.meta.hot`; absent if there is no HMR. */
  createHot: ((id: ModuleId) => unknown) | undefined
  /** Called for each CommonJS module, which Node runs. */
  loadedNatively?: LoadReport | undefined
}

/** The evaluator, as far as its linker needs it. */
export interface LinkerHost {
  readonly store: ModuleStore
  readonly instances: Instances
  readonly scripts: ScriptTable
  readonly imports: Imports
  /** A module and those of its static graph that are not evaluated. */
  unevaluatedBehind(id: ModuleId): Set<ModuleId>
}

/** The linker of one evaluator. */
export class Linker {
  readonly #evaluator: LinkerHost
  readonly #surroundings: Surroundings

  constructor(evaluator: LinkerHost, surroundings: Surroundings) {
    this.#evaluator = evaluator
    this.#surroundings = surroundings
  }

  /** Links an instance with its code, before the body runs. */
  link(instance: Instance, stored: StoredModule): void {
    instance.stored = stored
    instance.code = stored.record.code
    this.#evaluator.instances.linkCode(instance, stored)
    this.#evaluator.scripts.add(stored)
    instance.namespace.begin()
    this.#prelink(instance, stored)
  }

  /** Completes an instance, after the body has run. */
  finish(instance: Instance): void {
    instance.namespace.seal()
    instance.succeed()
    this.#evaluator.instances.noteOrder(instance)
  }

  /** Notes that an evaluation has failed, with the modules it needed: a correction of any of them may mend it. */
  noteFailure(instance: Instance): void {
    const { instances } = this.#evaluator
    instances.unlink(instance)
    // without code its imports are not known: any module of its graph that has not run may be the reason
    const needed = instance.stored ? instance.imports : this.#evaluator.unevaluatedBehind(instance.id)
    instances.failed.note(instance.id, needed)
  }

  /** Lets Node run a CommonJS module. Importers get `module.exports` as default, as under Node, and its properties as names. */
  runCommonJs(instance: Instance, { place, record, nativeCode }: StoredModule): void {
    this.#surroundings.loadedNatively?.(place.file, instance.id)
    const module = runCommonJs({ file: place.file, code: nativeCode, hash: record.hash })
    instance.commonJs = module
    for (const name of ['default', WHOLE]) if (name) instance.namespace.define(name, () => module.exports)
    for (const name of namesOf(module.exports)) {
      instance.namespace.define(name, () => (module.exports as Record<string, unknown>)[name])
    }
  }

  /** The arguments with which the body of a module is called. */
  context(instance: Instance, stored: StoredModule): ModuleContext {
    const { namespace, id } = instance
    const { file } = stored.place
    const { mentions, isAsync } = stored.compiled
    const { env, main, createHot } = this.#surroundings
    const { imports } = this.#evaluator
    const commonJs = mentions.commonJs ? createCommonJs(namespace) : undefined
    instance.commonJs = commonJs?.module
    return {
      __vite_ssr_import__: isAsync ? (...wanted: Wanted) => imports.static(instance, toRequest(...wanted)) : toRequest,
      __vite_ssr_dynamic_import__: (specifier: unknown) => imports.dynamic(instance, specifier),
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

  /** Defines the names of `export *` ahead: in a cycle another module may read them before that line has run. */
  #prelink({ id, namespace }: Instance, stored: StoredModule): void {
    if (!stored.hasStars) return
    const { store, instances } = this.#evaluator
    const seen = new Set([id])
    for (const specifier of stored.exports.stars) {
      const target = stored.target(specifier)
      if (target === undefined) continue
      for (const [name, owner] of store.exportsOf(target, seen).names) {
        if (name !== 'default') namespace.prelink(name, () => instances.live(owner)?.exports)
      }
    }
  }
}

type Wanted = [specifier: string, metadata?: { importedNames?: string[] }]

/** Makes a request of the arguments that Vite's transform gives to `__vite_ssr_import__`. */
function toRequest(...[specifier, metadata]: Wanted): ImportRequest {
  return { specifier, importedNames: metadata?.importedNames ?? [] }
}
