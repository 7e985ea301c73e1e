/** What importers get of a CommonJS module. */
import type { StoredModule } from '../code/store.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { isObject } from './namespace.ts'

const plain = new WeakMap<object, object>()
const compiled = new WeakMap<object, object>()

/**
 * A namespace with all that `module.exports` has. `default` is `module.exports`, as for Node's `import`; for an importer that is
 * `compiled` to CommonJS it is the `default` of what was compiled from an ES module itself.
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
 * What `importer` gets of a module whose namespace is `namespace`: for one that is compiled to CommonJS that may be too little,
 * if the module is CommonJS.
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

/** `true` if an importer that is compiled to CommonJS would be given something else than `namespace`, if that is CommonJS. */
function differsCompiled(namespace: object, names: readonly string[]): boolean {
  const { default: exports } = namespace as { default?: unknown }
  if (!isObject(exports)) return false
  return Boolean(exports.__esModule) || names.some((name) => !(name in namespace) && name in exports)
}

/** The name by which later versions of Node export the whole of a CommonJS module, beside `default`. */
export const WHOLE: string | undefined =
  Number(process.versions.node.split('.')[0]) >= 23 ? 'module.exports' : undefined

/** The names that importers of a CommonJS module see, `default` not among them. */
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
