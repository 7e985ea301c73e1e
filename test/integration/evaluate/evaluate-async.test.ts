import { expect, onTestFinished, test } from 'vitest'
import { compileModule } from '../../../src/client/code/compile.ts'
import type { Instance } from '../../../src/client/evaluate/instance.ts'
import { evaluation } from '../../support/evaluate.ts'

const ran = (name: string): number => (globalThis as unknown as Record<string, number>)[name] ?? 0

const isAsync = (code: string): boolean => compileModule(code, { file: '/a.js', script: '/a.js' }).isAsync

test.each([
  'await x',
  'await (x)',
  'await(x)',
  'await [x]',
  'await `x`',
  'await +x',
  'await --x.y',
  'await /x/',
  'await /* y */ (x)',
  'await // y\n(x)',
  'await\nx',
  'await\u2028x',
  'await {}',
  'await !x',
  'await async function () {}',
  'for await (const y of x) {}',
  'if (x) { await (x) }',
  'const { y = await (x) } = x',
  `\`\${await (x)}\``,
  'class A { [await (x)] = 1 }',
  'const y = async () => await (x); await (y)',
  '#!/usr/bin/env node\nawait (x)',
  'const __vite_ssr_import_0__ = await __vite_ssr_import__("./x.js");\nawait (x)',
])('a module waits for %j', (code) => {
  expect(isAsync(code)).toBe(true)
})

test.each([
  'const f = async () => await (x)',
  'async function f() { for await (const y of x) await [y] }',
  'const f = { async await() { await (x) } }; f.await (x)',
  'class A { static { async () => await (x) } }',
  '"await (x)"; `await (x)`; /await (x)/; x.await\n(x) // await (x)',
  'x.yield = { yield: 1 }; "yield await (x)"',
  'function* f() { yield { a: 1, b: 2 }; yield *[x] }; async () => await (x)',
  '#!/usr/bin/env node\nconst f = async () => await (x)',
  'const __vite_ssr_import_0__ = await __vite_ssr_import__("./x.js");\nconst f = async () => await (x)',
])('a module does not wait for %j', (code) => {
  expect(isAsync(code)).toBe(false)
})

test('evaluation goes on where an app has put another class in the place of Promise', async () => {
  const original = globalThis.Promise
  onTestFinished(() => {
    globalThis.Promise = original
  })
  const { load } = await evaluation({
    'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/esm/index.js': 'export const external = 1',
    'a.js':
      'import "./other.js"; import { external } from "esm"; import { waited } from "./b.js"; export { external, waited }',
    'other.js': 'globalThis.Promise = class Other extends Promise {}',
    'b.js': 'export const waited = await 2',
  })
  expect({ ...(await load('/a.js')) }).toEqual({ external: 1, waited: 2 })
})

test('evaluation does not call an export with the name then', async () => {
  const { load, runner } = await evaluation({
    'a.js': 'import { then } from "./b.js"; export const type = typeof then',
    'b.js': 'export function then(resolve, reject) { globalThis.thens = 1; reject(new Error("called")) }',
  })
  expect((await load('/a.js')).type).toBe('function')
  const { runtime } = runner
  await runtime.settled(runtime.ids())
  expect(ran('thens')).toBe(0)
})

test('evaluation runs what has failed once, also if its code or other code came later', async () => {
  const { load } = await evaluation({
    'a.js': 'export const lazy = () => import("./lazy.js"); export const other = () => import("./other.js")',
    'lazy.js': 'globalThis.lazies = (globalThis.lazies ?? 0) + 1; throw new Error("boom")',
    'other.js': 'export const other = 1',
  })
  const { lazy, other } = await load('/a.js')
  const error = await lazy().catch((thrown: unknown) => thrown)
  expect(await lazy().catch((thrown: unknown) => thrown)).toBe(error)
  await other()
  expect(await lazy().catch((thrown: unknown) => thrown)).toBe(error)
  expect(ran('lazies')).toBe(1)
})

test('evaluation names the importer of an import() whose file has gone', async () => {
  const { load, remove, path } = await evaluation({
    'a.js': 'export const lazy = () => import("./lazy.js")',
    'lazy.js': '',
  })
  const { lazy } = await load('/a.js')
  remove('lazy.js')
  await expect(lazy()).rejects.toThrow(path('a.js'))
})

test('evaluation leaves nobody waiting for what has ended', async () => {
  const { load, runner, path } = await evaluation({
    'a.js': `import('./a.js'); await import('./good.js'); await import('./bad.js').catch(() => {})
        export const ended = await globalThis.gate()`,
    'good.js': 'import "./dep.js"; export const good = await 1',
    'bad.js': 'import "./dep.js"; await 1; throw new Error("bad")',
    'dep.js': '',
  })
  const instance = (file: string) => runner.moduleCache.get(path(file)) as unknown as Instance
  const isWaiting = (file: string) => instance('a.js').isWaitingFor(instance(file))
  Object.assign(globalThis, { gate: async () => ['good.js', 'bad.js', 'dep.js'].map(isWaiting) })
  expect((await load('/a.js')).ended).toEqual([false, false, false])
})
