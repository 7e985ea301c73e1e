/**
 * `module` and `exports` for code that mixes them into an ES module, with the meaning that vite-node gives them: an assigned
 * property becomes a named export and a property of the default export.
 */
import { isObject, type ModuleExports } from './namespace.ts'

/** The two variables. `assigned` has the value that was assigned to `module.exports`. */
export interface CommonJsVariables {
  module: { exports: unknown; assigned?: { value: unknown } }
  exports: unknown
}

/** Makes the variables of one module. */
export function createCommonJs(namespace: ModuleExports): CommonJsVariables {
  const { object } = namespace
  let isPrimitive = false

  const setDefault = (value: unknown): void => namespace.define('default', () => value)

  const set = (name: string, value: unknown): void => {
    namespace.dynamic = true
    if (name === 'default' && value !== exports && isObject(value)) {
      namespace.defineAll(value)
      setDefault(value)
      return
    }
    if (!('default' in object)) setDefault({})
    // later assignments to `exports.x` go to the function or object that was assigned to `module.exports`; a primitive takes none
    if (isObject(object.default)) object.default[name] = value
    if (name !== 'default') namespace.define(name, () => (isPrimitive ? undefined : value))
  }

  const exports: object = new Proxy(
    {},
    {
      get: (_, name) => (name in object ? Reflect.get(object, name) : Reflect.get(Object.prototype, name)),
      has: (_, name) => name in object || name in Object.prototype,
      ownKeys: () => Reflect.ownKeys(object).filter((name) => name !== Symbol.toStringTag),
      getOwnPropertyDescriptor(_, name) {
        const descriptor = Reflect.getOwnPropertyDescriptor(object, name)
        return descriptor && { ...descriptor, configurable: true }
      },
      set(_, name, value) {
        if (typeof name === 'string') set(name, value)
        return true
      },
      defineProperty(_, name, descriptor) {
        if (typeof name !== 'string') return true
        namespace.dynamic = true
        // compiled code calls Object.defineProperty(exports, 'x', { get }), and sets the mark `__esModule` this way
        if (name !== '__esModule') namespace.define(name, () => (descriptor.get ? descriptor.get() : descriptor.value))
        return true
      },
    },
  )

  const module: CommonJsVariables['module'] = {
    get exports(): unknown {
      return exports
    },
    set exports(value: unknown) {
      namespace.dynamic = true
      Object.defineProperty(module, 'assigned', { value: { value }, configurable: true })
      isPrimitive = !isObject(value)
      namespace.defineAll(value)
      setDefault(value)
    },
  }
  return { module, exports }
}
