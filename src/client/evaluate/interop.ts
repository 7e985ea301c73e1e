/** Makes the namespaces that importers get of CommonJS modules. */
import type { StoredModule } from '../code/store.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { isObject } from './namespace.ts'

const plain = new WeakMap<object, object>()
const compiled = new WeakMap<object, object>()

/**
 * A namespace with all properties of `module.exports`. `default` is `module.exports`, as with Node's `import`. For an importer that
 * is compiled to CommonJS (`isCompiled`), a module with the mark `__esModule` gives its own `default`, as compilers have it, and each of
 * `names` is read when it is used: `undefined` if it is not there then, and no error of the import.
 */
export function namespaceOf(exports: unknown, isCompiled: boolean, names: readonly string[] = []): object {
  const known = isCompiled ? compiled : plain
  const isOwner = isObject(exports)
  const namespace =
    (isOwner && known.get(exports)) ||
    toNamespace(exports, isCompiled && isOwner && exports.__esModule ? exports.default : exports)
  if (isOwner) known.set(exports, namespace)
  if (isCompiled) for (const name of names) if (!(name in namespace)) defineName(namespace, name, exports)
  return namespace
}

/**
 * The namespace that `importer` gets of a module: `namespace`, as Node's `import` gives it, or the fuller one of `namespaceOf` if
 * the importer is compiled to CommonJS and the module is CommonJS, as Node's own are for it.
 */
export function seenBy(
  { record }: StoredModule,
  namespace: object,
  names: readonly string[],
  isCommonJs: () => boolean,
): object {
  const isSame = record.interop !== 'compiled' || !differsCompiled(namespace, names) || !isCommonJs()
  return isSame ? namespace : namespaceOf((namespace as { default: unknown }).default, true, names)
}

/** `true` if `namespaceOf` would give another default or other names than `namespace`, in case the module is CommonJS. */
function differsCompiled(namespace: object, names: readonly string[]): boolean {
  const { default: exports } = namespace as { default?: unknown }
  if (isObject(exports) && exports.__esModule) return true
  // without names it may be wanted as a whole
  const wanted = names.length > 0 ? names : namesOf(exports)
  return wanted.some((name) => !(name in namespace))
}

/** The name under which Node 23 and later export `module.exports`, beside `default`. */
export const WHOLE: string | undefined =
  Number(process.versions.node.split('.')[0]) >= 23 ? 'module.exports' : undefined

/** The names that importers of a CommonJS module see, without `default`. */
export function namesOf(exports: unknown): string[] {
  return isObject(exports) && !Array.isArray(exports) ? Object.keys(exports).filter((name) => name !== 'default') : []
}

function toNamespace(exports: unknown, value: unknown): object {
  const namespace: ModuleNamespace = Object.create(null)
  Object.defineProperty(namespace, 'default', { enumerable: true, value })
  for (const name of namesOf(exports)) defineName(namespace, name, exports, true)
  return namespace
}

function defineName(namespace: object, name: string, exports: unknown, enumerable = false): void {
  Object.defineProperty(namespace, name, { enumerable, get: () => (exports as Record<string, unknown>)[name] })
}
