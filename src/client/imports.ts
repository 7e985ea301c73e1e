/**
 * What an import in transformed code does: finds out what the specifier means and checks that it has the names.
 */
import type { ModuleId } from '../shared/types.ts'
import { hasLiteralImport, isMaybeType } from './code.ts'
import type { Evaluator } from './evaluator.ts'
import type { Instance } from './instance.ts'
import { differsCompiled, namespaceOf } from './interop.ts'
import { formatOf, importExternal, isNativeSpecifier, missingExport } from './native.ts'
import type { StoredModule } from './store.ts'

/** What Vite's transform says of a static import. */
export interface ImportMetadata {
  importedNames?: string[]
}

/** The imports of one evaluator's modules. */
export class Importer {
  readonly #evaluator: Evaluator

  constructor(evaluator: Evaluator) {
    this.#evaluator = evaluator
  }

  /** `import ... from specifier`. Throws a SyntaxError for a name that the module does not have. */
  async static(instance: Instance, specifier: string, metadata: ImportMetadata | undefined): Promise<object> {
    const stored = instance.stored!
    const target = stored.target(specifier)
    const names = metadata?.importedNames
    const namespace =
      target === undefined
        ? await this.#external(instance, specifier, names)
        : this.#compiled(stored, await this.#evaluator.load(target, instance), names, () => this.#isCommonJs(target))
    const missing = names?.filter((name) => !(name in namespace)) ?? []
    for (const name of missing) {
      if (target !== undefined && !this.#surelyLacks(target, name)) continue
      if (isMaybeType(stored.record.code, specifier, name, stored.place.file)) continue
      const format =
        target === undefined
          ? formatOf(namespace, specifier, stored.place.file)
          : (this.#evaluator.store.get(target)?.record.format ?? 'module')
      throw missingExport(name, specifier, format)
    }
    return namespace
  }

  /** `import(specifier)`. */
  async dynamic(instance: Instance, expression: unknown): Promise<object> {
    const specifier = String(expression)
    const stored = instance.stored!
    const target = stored.target(specifier) ?? (await this.#resolve(instance, stored, specifier))
    if (typeof target === 'object') return this.#external(instance, target.external)
    this.#evaluator.instances.linkComputed(instance, target)
    return this.#evaluator.load(target, instance)
  }

  /** What a computed specifier means. */
  async #resolve(
    instance: Instance,
    stored: StoredModule,
    specifier: string,
  ): Promise<ModuleId | { external: string }> {
    // Vite has looked at literal ones; what it did not list is an external
    if (isNativeSpecifier(specifier) || hasLiteralImport(stored.record.code, specifier)) return { external: specifier }
    const known = instance.resolved.get(specifier)
    if (known !== undefined && this.#evaluator.instances.live(known)?.evaluated) return known
    const answer = await this.#evaluator.fetch(this.#evaluator.paths.toRequest(specifier), instance.id)
    if ('external' in answer) return answer
    instance.resolved.set(specifier, answer.id)
    return answer.id
  }

  async #external(instance: Instance, specifier: string, names?: readonly string[]): Promise<object> {
    const provided = this.#evaluator.provided(instance, specifier)
    if (provided) return provided
    const stored = instance.stored!
    try {
      const namespace = await importExternal(stored.compiled.importNative, specifier, stored.place.file)
      const isCommonJs = () => formatOf(namespace, specifier, stored.place.file) === 'commonjs'
      return this.#compiled(stored, namespace, names, isCommonJs)
    } catch (error) {
      throw this.#evaluator.transient(error)
    }
  }

  /** What `importer` gets, for which `namespace` may be too little if it is compiled to CommonJS. */
  #compiled(
    importer: StoredModule,
    namespace: object,
    names: readonly string[] | undefined,
    isCommonJs: () => boolean,
  ): object {
    if (importer.record.interop !== 'compiled' || !differsCompiled(namespace, names) || !isCommonJs()) return namespace
    return namespaceOf((namespace as { default: unknown }).default, true)
  }

  #isCommonJs(id: ModuleId): boolean {
    return this.#evaluator.instances.live(id)?.evaluated === true && this.#evaluator.store.get(id)?.isCommonJs === true
  }

  /** Whether a module without `name` will not get it: while it is being evaluated only its code can tell. */
  #surelyLacks(target: ModuleId, name: string): boolean {
    if (this.#evaluator.instances.live(target)?.evaluated) return true
    const { names, open } = this.#evaluator.store.exportsOf(target)
    return !open && !names.has(name)
  }
}
