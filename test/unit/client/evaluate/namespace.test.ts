import { expect, test } from 'vitest'
import { createCommonJs } from '../../../../src/client/evaluate/commonjs-variables.ts'
import { ModuleExports } from '../../../../src/client/evaluate/namespace.ts'

test('a namespace reads through to the latest definition, also after it is sealed', () => {
  const exports = new ModuleExports()
  exports.define('a', () => 1)
  exports.seal()
  const { object } = exports
  exports.begin()
  exports.define('a', () => 2)
  exports.define('late', () => 3)
  exports.seal()
  expect({ ...object }).toEqual({ a: 2 })
  expect(Object.isSealed(object)).toBe(true)
})

test('a namespace drops what a second run does not define again, as long as it is not sealed', () => {
  const exports = new ModuleExports()
  exports.define('a', () => 1)
  exports.define('b', () => 1)
  exports.begin()
  exports.define('b', () => 2)
  exports.seal()
  expect({ ...exports.object }).toEqual({ b: 2 })
})

test('a namespace takes from export * what it does not have itself, first come first', () => {
  const exports = new ModuleExports()
  exports.define('own', () => 'own')
  exports.prelink('guess', () => ({ guess: 'guess' }))
  exports.prelink('own', () => ({ own: 'guess' }))
  expect({ ...exports.object }).toEqual({ own: 'own', guess: 'guess' })
  exports.defineAll({ own: 1, guess: 1, more: 1, default: 1, __esModule: true })
  exports.defineAll({ more: 2, guess: 2 })
  for (const nothing of [exports.object, [1], 'text', null, Promise.resolve()]) exports.defineAll(nothing)
  exports.seal()
  expect({ ...exports.object }).toEqual({ own: 'own', guess: 1, more: 1 })
})

test('a namespace is bound to the new sources of export * when it is evaluated again', () => {
  const exports = new ModuleExports()
  exports.defineAll({ a: 1 })
  exports.seal()
  exports.begin()
  exports.defineAll({ a: 2 })
  expect(exports.object.a).toBe(2)
})

const make = () => {
  const namespace = new ModuleExports()
  // biome-ignore lint/suspicious/noExplicitAny: as CommonJS code sees them
  return { namespace, ...createCommonJs(namespace) } as { namespace: ModuleExports; module: any; exports: any }
}

test('module and exports make named exports and a default of what is assigned', () => {
  const { namespace, exports } = make()
  exports.a = 1
  exports.b = 2
  expect({ ...namespace.object }).toEqual({ a: 1, b: 2, default: { a: 1, b: 2 } })
  expect([exports.a, 'b' in exports, Object.keys(exports)]).toEqual([1, true, ['default', 'a', 'b']])
  expect(exports.hasOwnProperty).toBe(Object.prototype.hasOwnProperty)
  namespace.seal()
  exports.late = 3
  expect(namespace.object.late).toBe(3)
})

test('module and exports make a default of what is assigned as a whole, with its properties as names', () => {
  const { namespace, module: variable } = make()
  const whole = Object.assign(() => {}, { a: 1 })
  variable.exports = whole
  variable.exports.b = 2
  expect(namespace.object.default).toBe(whole)
  expect([namespace.object.a, namespace.object.b, (whole as { b?: number }).b]).toEqual([1, 2, 2])
})

test('module and exports take a primitive as the default', () => {
  const { namespace, module: variable } = make()
  variable.exports = 'text'
  variable.exports.ignored = 1
  expect([namespace.object.default, namespace.object.ignored]).toEqual(['text', undefined])
})

test('module and exports accept what compilers write, and exports that come after the module has run', () => {
  const { namespace, exports } = make()
  Object.defineProperty(exports, '__esModule', { value: true })
  Object.defineProperty(exports, 'a', { enumerable: true, get: () => 1 })
  exports.default = { whole: true }
  namespace.seal()
  exports.late = 1
  expect(namespace.object).toMatchObject({ a: 1, whole: true, late: 1 })
})
