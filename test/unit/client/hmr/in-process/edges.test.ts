import { moduleRunnerTransform } from 'vite'
import { expect, test } from 'vitest'
import { readSsrCode } from '../../../../../src/client/hmr/in-process/edges.ts'

/** The edges that the parser reads off code as Vite itself transforms it. */
async function read(code: string) {
  const result = await moduleRunnerTransform(code, null, '/file.js', code)
  const { imports, dynamic, exports } = readSsrCode(result!.code)
  return {
    imports: Object.fromEntries(imports),
    dynamic: [...dynamic],
    exports,
  }
}

test.each([
  [`import './a'`, []],
  [`import { x } from './a'; x()`, ['x']],
  [`import { x as y, z } from './a'; y(z)`, ['x', 'z']],
  [`import { x } from './a'`, ['x']],
  [`import def from './a'; def()`, ['default']],
  [`import { 'a-b' as ab } from './a'; ab()`, ['a-b']],
  [`import * as ns from './a'; ns.x()`, '*'],
  [`import * as ns from './a'`, []],
  [`import def, * as ns from './a'; ns.x(def)`, '*'],
  [`import def, { x } from './a'; x(def)`, ['default', 'x']],
  [`export * from './a'`, '*'],
  [`export * as ns from './a'`, '*'],
  [`export { x } from './a'`, ['x']],
  [`export { default } from './a'`, ['default']],
  [`import { x } from './a'; import { y } from './a'; x(y)`, ['x', 'y']],
  [`import './a'; import { y } from './a'; y()`, ['y']],
  [`import { x } from './a'; import * as ns from './a'; x(ns)`, '*'],
  [`import { x$, ünï } from './a'; x$(ünï)`, ['x$', 'ünï']],
])('an import is read: %s takes %j', async (code, names) => {
  expect((await read(code)).imports).toEqual({ './a': names })
})

test('dynamic imports are read when their specifier is literal', async () => {
  const code = `
      const x = './computed'
      import('./a'); import("./b"); import(/* @vite-ignore */ './c'); import(x); import(\`./\${x}\`)
      lazy(() => import('./it\\'s'))`
  expect((await read(code)).dynamic).toEqual(['./a', './b', './c', `./it's`])
})

test('exports are read, with the specifiers of export *', async () => {
  const { exports } = await read(`
      export const a = 1, { b, c: [d] } = thing
      export function e() {}
      export class F {}
      export default 1
      export { g as h, x as 'string name' } from './g'
      export * from './star'
      export * as ns from './ns'
      const local = 1; export { local }`)
  expect([...exports!.names].toSorted()).toEqual(
    ['F', 'a', 'b', 'd', 'default', 'e', 'h', 'local', 'ns', 'string name'].toSorted(),
  )
  expect(exports!.stars).toEqual(['./star'])
})

test('code that fills module.exports may export anything', async () => {
  expect((await read(`module.exports = { a: 1 }`)).exports).toBeUndefined()
  expect((await read(`exports.a = 1`)).exports).toBeUndefined()
})
