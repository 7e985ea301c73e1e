/**
 * What an import in transformed code does: finds out what the specifier means and checks that it has the names.
 */
import { posix } from 'node:path'
import { KEEP } from '../../shared/constants.ts'
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import type { Paths } from '../code/paths.ts'
import type { ModuleStore, StoredModule } from '../code/store.ts'
import { hasLiteralImport, isMaybeType } from '../code/transformed-code.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { formatOf, isNativeSpecifier, missingExport } from './externals.ts'
import type { Instance } from './instance.ts'
import type { Instances } from './instances.ts'
import { seenBy } from './interop.ts'
import { never, type Supply } from './supply.ts'

/** The evaluator, as far as its imports need it. */
export interface ImportsHost {
  readonly store: ModuleStore
  readonly instances: Instances
  readonly paths: Paths
  /** Asks the server what `url` means, and takes the code that it brings. */
  fetch(url: string, importer?: ModuleId): Promise<{ id: ModuleId } | { external: string }>
  /** The instance of a module, evaluated if there is none. */
  instance(id: ModuleId, importer?: Instance): Promise<Instance>
  /** Its namespace. */
  load(id: ModuleId, importer?: Instance): Promise<ModuleNamespace>
  /** A module and the static graph behind it, as far as nothing of it has run. */
  unevaluatedBehind(id: ModuleId): Set<ModuleId>
}

/** The imports of one evaluator's modules. */
export class Imports {
  readonly #evaluator: ImportsHost
  readonly #supply: Supply
  readonly #createKeep: ((keeper: Instance) => object) | undefined

  /** `createKeep` makes `vite-tether/keep` for an instance; absent if that is a package like any other. */
  constructor(evaluator: ImportsHost, supply: Supply, createKeep?: (keeper: Instance) => object) {
    this.#evaluator = evaluator
    this.#supply = supply
    this.#createKeep = createKeep
  }

  /** The module that the runner itself provides to `instance` for `specifier`, if it does. */
  provided(instance: Instance, specifier: string): object | undefined {
    return specifier === KEEP ? this.#createKeep?.(instance) : undefined
  }

  /** What `import ... from` an evaluated module of the app gives. Throws a SyntaxError for a name that it does not have. */
  link(importer: StoredModule, wanted: ImportRequest, dep: Instance): object {
    const isCommonJs = () => dep.evaluated && dep.stored?.isCommonJs === true
    const namespace = seenBy(importer, dep.exports!, wanted.importedNames, isCommonJs)
    this.check(importer, wanted, namespace)
    return namespace
  }

  /** Throws a SyntaxError for a name that is wanted of a namespace and not there. */
  check(importer: StoredModule, { specifier, importedNames }: ImportRequest, namespace: object): void {
    const { record, place } = importer
    const target = importer.target(specifier)
    for (const name of importedNames) {
      if (name in namespace) continue
      if (target !== undefined && !this.#surelyLacks(target, name)) continue
      if (isMaybeType(record.code, specifier, name, place.file)) continue
      const format =
        target === undefined
          ? formatOf(namespace, specifier, place.file)
          : (this.#evaluator.store.get(target)?.record.format ?? 'module')
      throw missingExport(name, specifier, format, { file: place.file, url: record.url })
    }
  }

  /** A static import of a module with top-level await, which itself waits for it. */
  async static(instance: Instance, wanted: ImportRequest): Promise<object> {
    const stored = instance.stored!
    // not within the importer's own call: chains of these, too, may be longer than the call stack is deep
    await null
    const target = stored.target(wanted.specifier)
    if (target !== undefined) {
      const dep = await this.#evaluator.instance(target, instance)
      return instance.isAbandoned ? never() : this.link(stored, wanted, dep)
    }
    const namespace = this.provided(instance, wanted.specifier) ?? (await this.#supply.external(stored, wanted))
    if (instance.isAbandoned) return never()
    this.check(stored, wanted, namespace)
    return namespace
  }

  /** `import(specifier)`. */
  async dynamic(instance: Instance, expression: unknown): Promise<object> {
    const specifier = String(expression)
    const stored = instance.stored!
    // the importer goes on first
    await null
    const target = stored.target(specifier) ?? (await this.#resolve(instance, stored, specifier))
    if (typeof target === 'object') {
      const provided = this.provided(instance, target.external)
      return provided ?? this.#supply.external(stored, { specifier: target.external, importedNames: [] })
    }
    if (instance.isAbandoned) return never()
    this.#evaluator.instances.linkComputed(instance, target)
    const namespace = await this.#evaluator.load(target, instance)
    return instance.isAbandoned ? never() : namespace
  }

  /** What a computed specifier means. */
  async #resolve(
    instance: Instance,
    stored: StoredModule,
    specifier: string,
  ): Promise<ModuleId | { external: string }> {
    // Vite has looked at literal ones; what it did not list is an external
    if (isNativeSpecifier(specifier) || hasLiteralImport(stored.record.code, specifier)) return { external: specifier }
    const known = instance.resolved?.get(specifier)
    if (known !== undefined && this.#evaluator.instances.live(known)?.evaluated) return known
    const answer = await this.#evaluator
      .fetch(this.#evaluator.paths.toRequest(specifier), instance.id)
      .catch((error) => {
        this.#failedToResolve(instance, specifier)
        throw error
      })
    if ('external' in answer) return answer
    instance.resolved ??= new Map()
    instance.resolved.set(specifier, answer.id)
    return answer.id
  }

  /** Notes the id that a specifier would have had, if that can be told: without it no correction would reach `instance`. */
  #failedToResolve(instance: Instance, specifier: string): void {
    const { instances, paths } = this.#evaluator
    const url = paths.toRequest(specifier)
    const id = url.startsWith('.') ? posix.join(posix.dirname(instance.id), url) : paths.urlToId(url)
    if (instances.live(id)) return
    instances.linkComputed(instance, id)
    instances.failed.note(id, this.#evaluator.unevaluatedBehind(id))
  }

  /** Whether a module without `name` will not get it: while it is being evaluated only its code can tell. */
  #surelyLacks(target: ModuleId, name: string): boolean {
    if (this.#evaluator.instances.live(target)?.evaluated) return true
    const { names, open } = this.#evaluator.store.exportsOf(target)
    return !open && !names.has(name)
  }
}
