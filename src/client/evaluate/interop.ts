/** Makes the namespaces that importers get of CommonJS modules. */
import type { StoredModule } from '../code/store.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { isObject } from './namespace.ts'

const plain = new WeakMap<object, object>()
const compiled = new WeakMap<object, object>()

/**
 * A namespace with all properties of `module.exports`. `default` is `module.exports`, as with Node's `import`. For an importer that
 * is compiled to CommonJS (`isCompiled`), a module with the mark `__esModule` gives its own `default`, as compilers have it.
 */
export function namespaceOf(exports: unknown, isCompiled: boolean): object {
  if (!isObject(exports)) return toNamespace(exports, exports)
  const known = isCompiled ? compiled : plain
  const namespace =
    known.get(exports) ?? toNamespace(exports, isCompiled && exports.__esModule ? exports.default : exports)
  known.set(exports, namespace)
  return namespace
}

/**
 * The namespace that `importer` gets of a module: `namespace`, as Node's `import` gives it, or the fuller one of `namespaceOf` if
 * the importer is compiled to CommonJS and the module is CommonJS.
 */
export function seenBy(
  { record }: StoredModule,
  namespace: object,
  names: readonly string[],
  isCommonJs: () => boolean,
): object {
  const isSame = record.interop !== 'compiled' || !differsCompiled(namespace, names) || !isCommonJs()
  return isSame ? namespace : namespaceOf((namespace as { default: unknown }).default, true)
}

/** `true` if `namespaceOf` would give another default or more of `names` than `namespace`, in case the module is CommonJS. */
function differsCompiled(namespace: object, names: readonly string[]): boolean {
  const { default: exports } = namespace as { default?: unknown }
  if (!isObject(exports)) return false
  return Boolean(exports.__esModule) || names.some((name) => !(name in namespace) && name in exports)
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
  for (const name of namesOf(exports)) {
    Object.defineProperty(namespace, name, { enumerable: true, get: () => (exports as Record<string, unknown>)[name] })
  }
  return namespace
}
