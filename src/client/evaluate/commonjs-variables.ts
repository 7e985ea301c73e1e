/**
 * `module` and `exports` for code that mixes them into an ES module, with the meaning that vite-node gives them: what is
 * assigned becomes a named export and a property of the default export.
 */
import { isObject, type ModuleExports } from './namespace.ts'

/** The two variables. */
export interface CommonJsVariables {
  module: { exports: unknown /** What was assigned to `exports`. */; assigned?: { value: unknown } }
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
    // a function or object assigned to `module.exports` grows with later assignments, a primitive cannot
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
        // compiled code: Object.defineProperty(exports, 'x', { get }) and the `__esModule` mark
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
