/**
 * Serves the imports of transformed code: resolves the specifier and checks that the module has the imported names.
 */
import { posix } from 'node:path'
import { KEEP } from '../../shared/constants.ts'
import { missingExport } from '../../shared/missing-export.ts'
import { hasLiteralImport, isMaybeType } from '../../shared/transformed-code.ts'
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import type { Paths } from '../code/paths.ts'
import type { ModuleStore, StoredModule } from '../code/store.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { formatOf, isNativeSpecifier } from './externals.ts'
import type { Instance } from './instance.ts'
import type { Instances } from './instances.ts'
import { seenBy } from './interop.ts'
import { never, type Supply } from './supply.ts'

/** The evaluator, as far as its imports need it. */
export interface ImportsHost {
  readonly store: ModuleStore
  readonly instances: Instances
  readonly paths: Paths
  /** Asks the server to resolve `url`, and installs the code that comes. */
  fetch(url: string, importer?: ModuleId): Promise<{ id: ModuleId } | { external: string }>
  /** The instance of a module; evaluates one if there is none. */
  instance(id: ModuleId, importer?: Instance): Promise<Instance>
  /** The namespace of that instance. */
  load(id: ModuleId, importer?: Instance): Promise<ModuleNamespace>
  /** A module and those of its static graph that are not evaluated. */
  unevaluatedBehind(id: ModuleId): Set<ModuleId>
}

/** The imports of one evaluator's modules. */
export class Imports {
  readonly #evaluator: ImportsHost
  readonly #supply: Supply
  readonly #createKeep: ((keeper: Instance) => object) | undefined

  /** `createKeep` makes `vite-tether/keep` for an instance. If absent, Node loads that package like any other. */
  constructor(evaluator: ImportsHost, supply: Supply, createKeep?: (keeper: Instance) => object) {
    this.#evaluator = evaluator
    this.#supply = supply
    this.#createKeep = createKeep
  }

  /** The module that the runner itself provides for `specifier` (`vite-tether/keep`), or `undefined`. */
  provided(instance: Instance, specifier: string): object | undefined {
    return specifier === KEEP ? this.#createKeep?.(instance) : undefined
  }

  /** The namespace that `importer` gets of an app module. Throws a SyntaxError for an imported name that the module lacks. */
  link(importer: StoredModule, wanted: ImportRequest, dep: Instance): object {
    const isCommonJs = () => dep.evaluated && dep.stored?.isCommonJs === true
    const namespace = seenBy(importer, dep.exports!, wanted.importedNames, isCommonJs)
    this.check(importer, wanted, namespace)
    return namespace
  }

  /** Throws a SyntaxError for an imported name that the namespace lacks. */
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
      throw missingExport(name, specifier, format, { file: place.file, url: record.url }, namesOf(namespace, format))
    }
  }

  /** A static import in a module with top-level await, whose body is an async function and awaits each import. */
  async static(instance: Instance, wanted: ImportRequest): Promise<object> {
    const stored = instance.stored!
    // leaves the importer's call: in a long chain of such modules the call stack would overflow
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
    // as under Node, the importer's code goes on before the import does anything
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

  /** Resolves a computed specifier. */
  async #resolve(
    instance: Instance,
    stored: StoredModule,
    specifier: string,
  ): Promise<ModuleId | { external: string }> {
    // Vite has resolved all literal specifiers: one that its lists do not have is an external
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

  /** Notes an edge to the module that was not found. When the file is created, the update would not reach `instance` without it. */
  #failedToResolve(instance: Instance, specifier: string): void {
    const { instances, paths } = this.#evaluator
    const url = paths.toRequest(specifier)
    const id = url.startsWith('.') ? posix.join(posix.dirname(instance.id), url) : paths.urlToId(url)
    if (instances.live(id)) return
    instances.linkComputed(instance, id)
    instances.failed.note(id, this.#evaluator.unevaluatedBehind(id))
  }

  /** `true` if a module that lacks `name` will not get it. While the module is being evaluated only its code can tell. */
  #surelyLacks(target: ModuleId, name: string): boolean {
    if (this.#evaluator.instances.live(target)?.evaluated) return true
    const { names, open } = this.#evaluator.store.exportsOf(target)
    return !open && !names.has(name)
  }
}

/** The names that an import may have meant: of CommonJS also those that Node has not found in its code. */
function namesOf(namespace: object, format: 'module' | 'commonjs'): string[] {
  // only of packages: reading a name of an app's module that is still being evaluated throws
  const whole = format === 'commonjs' ? (namespace as { default?: unknown }).default : undefined
  const owners = typeof whole === 'object' && whole ? [namespace, whole] : [namespace]
  return owners.flatMap((owner) => Reflect.ownKeys(owner).filter((key) => typeof key === 'string'))
}
