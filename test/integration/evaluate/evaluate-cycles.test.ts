import { expect, onTestFinished, test } from 'vitest'
import { TetherNodeRunner } from '../../../src/client/runner/node-runner.ts'
import type { ModuleRecord } from '../../../src/shared/types.ts'
import { evaluation } from '../../support/evaluate.ts'

/** A promise that a module waits for, under a name it finds on `globalThis`. */
function gate(name: string): { reached: Promise<void>; open: () => void } {
  let reach!: () => void
  let open!: () => void
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const wait = () => {
    reach()
    return opened
  }
  Object.assign(globalThis, { [name]: wait })
  return { reached, open }
}

test('circular imports see functions at once and values once they are set', async () => {
  const { load } = await evaluation({
    'a.ts': 'import { b } from "./b.ts"; export function foo() { return " foo" }; export const a = "a" + b()',
    'b.ts': 'import { a, foo } from "./a.ts"; export function b() { return "b" + foo() }; export const getA = () => a',
  })
  const a = await load('/a.ts')
  const b = await load('/b.ts')
  expect([a.a, b.getA()]).toEqual(['ab foo', 'ab foo'])
})

test('circular imports work when a module imports itself', async () => {
  const { load } = await evaluation({
    'a.js': 'import * as self from "./a.js"; export const one = 1; export const two = self.one + 1',
  })
  expect((await load('/a.js')).two).toBe(2)
})

test('circular imports give undefined for what is not there yet', async () => {
  const { load } = await evaluation({
    'index.js': 'export * from "./dep1.js"',
    'dep1.js': 'import { dep2 } from "./dep2.js"; export const dep1 = "dep1: " + dep2',
    'dep2.js': 'import { dep1 } from "./dep1.js"; export const dep2 = "dep2: " + dep1',
    'bad1.js': 'import { two } from "./bad2.js"; export const one = { ok: true, two }',
    'bad2.js': 'import { one } from "./bad1.js"; export const two = one.ok',
  })
  expect({ ...(await load('/index.js')) }).toEqual({ dep1: 'dep1: dep2: undefined' })
  await expect(load('/bad1.js')).rejects.toThrow(TypeError)
})

test.each([
  ['through an index', 'import { dep1 } from "./dep1.js"; import { dep2 } from "./dep2.js"; export { dep1, dep2 }'],
  ['by re-exports', 'export { dep1 } from "./dep1.js"; export { dep2 } from "./dep2.js"'],
  ['by export *', 'export * from "./dep1.js"; export * from "./dep2.js"'],
])('circular imports go %s', async (_, index) => {
  const { load } = await evaluation({
    'index.js': index,
    'dep1.js': 'export const dep1 = { ok: true }',
    'dep2.js': 'import { dep1 } from "./index.js"; export const dep2 = { ok: dep1.ok }',
  })
  expect({ ...(await load('/index.js')) }).toEqual({ dep1: { ok: true }, dep2: { ok: true } })
})

test('circular imports find a name of an export * that has not run yet', async () => {
  const { load } = await evaluation({
    'start.js':
      'import { createStart } from "./facade.js"; import { made } from "./middleware.js"; export const start = () => ({ ...createStart(), made })',
    'facade.js':
      'import { createStart } from "./core.js"; export { client } from "./client.js"; export * from "./core.js"; export { createStart }',
    'core.js': 'export var createThing = (value) => value; export var createStart = () => ({ started: true })',
    'client.js': 'import { start } from "./start.js"; export const client = start()',
    'middleware.js': 'import { createThing } from "./facade.js"; export const made = createThing("made")',
  })
  const facade = await load('/facade.js')
  expect(facade.client).toEqual({ started: true, made: 'made' })
  expect(facade.createThing(1)).toBe(1)
})

test('circular imports mix imports and re-exports of a folder’s index', async () => {
  const { load } = await evaluation({
    'ion.js': 'import * as dom from "./dom/index.js"; import { IonTypes } from "./types.js"; export { dom, IonTypes }',
    'types.js': 'export const IonTypes = { BLOB: "Blob" }',
    'dom/index.js': 'import { IonTypes } from "../ion.js"; export { Blob } from "./blob.js"',
    'dom/blob.js': 'import { IonTypes } from "../types.js"; export const Blob = IonTypes.BLOB',
  })
  const ion = await load('/ion.js')
  expect([{ ...ion.dom }, ion.IonTypes]).toEqual([{ Blob: 'Blob' }, { BLOB: 'Blob' }])
})

test('circular imports find the names of modules that have an export * of each other', async () => {
  const { load } = await evaluation({
    'a.js': 'export * from "./b.js"; export const a = "a"',
    'b.js': 'export * from "./a.js"; export * from "./c.js"; export const b = "b"',
    'c.js': 'import * as all from "./a.js"; export const seen = all.c; export function c() { return "c" }',
  })
  const [a, b] = [await load('/a.js'), await load('/b.js')]
  expect([a.a, a.b, a.c(), a.seen === a.c]).toEqual(['a', 'b', 'c', true])
  expect([b.a, b.b, b.c]).toEqual(['a', 'b', a.c])
})

test('circular imports may lack names of an external until its export * has run', async () => {
  const { load } = await evaluation({
    'index.js': 'import "./b.js"; export * from "node:path"; export const own = 1',
    'b.js': 'import { join, own } from "./index.js"; export const late = () => join("a", String(own))',
  })
  await load('/index.js')
  expect((await load('/b.js')).late()).toBe('a/1')
})

test('circular imports let late imports go around them', async () => {
  const { load } = await evaluation({
    'entry.js':
      'export const setup = () => import("./back.js"); export const run = (id) => import(id); export const entry = 1',
    'back.js': 'export * from "./entry.js"',
    'action.js': 'import { entry } from "./back.js"; export const action = entry',
  })
  const { setup, run } = await load('/entry.js')
  await setup()
  expect((await run('/action')).action).toBe(1)
})

test('circular imports hoist a default export’s getter', async () => {
  const { load } = await evaluation({
    'index.js': 'import dep from "./dep.js"; export default dep',
    'dep.js': 'import self from "./index.js"; export default self',
  })
  expect({ ...(await load('/index.js')) }).toEqual({ default: undefined })
})

test('circular imports are SyntaxErrors for names that will never be there', async () => {
  const { load } = await evaluation({
    'a.js': 'import { b } from "./b.js"; export const a = b',
    'b.js': 'import { absent } from "./a.js"; export const b = () => absent',
  })
  await expect(load('/a.js')).rejects.toThrow(/'\/a\.js' does not provide an export named 'absent'/)
})

test('top-level await is waited for by importers', async () => {
  const { load } = await evaluation({
    'a.js': 'import { b } from "./b.js"; export const a = b + 1',
    'b.js': 'const { b } = await import("./c.js"); export { b }',
    'c.js': 'await 0; export const b = await Promise.resolve(1)',
  })
  expect((await load('/a.js')).a).toBe(2)
})

test('top-level await in a cycle does not deadlock', async () => {
  const { load } = await evaluation({
    'index.js': 'import { a, getB } from "./a.js"; import { b, getA } from "./b.js"; export { a, b, getA, getB }',
    'a.js': 'import { b } from "./b.js"; await Promise.resolve(); export const a = "a"; export const getB = () => b',
    'b.js': 'import { a } from "./a.js"; await Promise.resolve(); export const b = "b"; export const getA = () => a',
  })
  const { a, b, getA, getB } = await load('/index.js')
  expect([a, b, getA(), getB()]).toEqual(['a', 'b', 'a', 'b'])
})

test('top-level await in a cycle entered at both ends at once does not deadlock', async () => {
  const { load } = await evaluation({
    'a.js': 'import { b } from "./b.js"; await 0; export const a = "a"; export const getB = () => b',
    'b.js': 'import { c } from "./c.js"; await 0; export const b = "b"; export const getC = () => c',
    'c.js': 'import { a } from "./a.js"; await 0; export const c = "c"; export const getA = () => a',
  })
  const [a, b, c] = await Promise.all(['/a.js', '/b.js', '/c.js'].map((id) => load(id)))
  expect([a.getB(), b.getC(), c.getA()]).toEqual(['b', 'c', 'a'])
})

test('top-level await of an import() that comes back to its importer does not deadlock', async () => {
  const { load } = await evaluation({
    'a.js': 'export const before = "set"; const { seen } = await import("./b.js"); export { seen }',
    'b.js': 'import { before } from "./a.js"; export const seen = before',
    'c.js': 'export const [d] = await Promise.all([import("./d.js")]).then((all) => all.map((one) => one.d))',
    'd.js': 'import "./c.js"; export const d = "d"',
  })
  expect((await load('/a.js')).seen).toBe('set')
  expect((await load('/c.js')).d).toBe('d')
})

test('top-level await never shows an unfinished module to one that is not in its cycle', async () => {
  const { reached, open } = gate('waitForCore')
  const { load, runner, path } = await evaluation({
    'entry-a.js': 'import { shared } from "./shared.js"; export const result = shared("a")',
    'entry-b.js': 'import { shared } from "./shared.js"; export const result = shared("b")',
    'shared.js': 'export { shared } from "./core.js"; import "./loop.js"',
    'loop.js': 'import "./shared.js"',
    'core.js': 'await waitForCore(); export const shared = (value) => value',
  })
  const a = load('/entry-a.js')
  await reached
  const b = load('/entry-b.js')
  await expect.poll(() => runner.runtime.node(path('entry-b.js'))).toBeDefined()
  open()
  expect([(await a).result, (await b).result]).toEqual(['a', 'b'])
})

test('top-level await lets a late import() wait for a module that imports its importer', async () => {
  const { reached, open } = gate('waitForShared')
  const { load } = await evaluation({
    'evaluated.js': 'export const late = async () => (await import("./shared.js")).value',
    'shared.js': 'import "./evaluated.js"; await waitForShared(); export const value = "ready"',
  })
  const shared = load('/shared.js')
  await reached
  const late = (await load('/evaluated.js')).late()
  open()
  await shared
  expect(await late).toBe('ready')
})

test('a cycle that failed is whole again after the module that threw has been corrected', async () => {
  const { load, runner, write, saved } = await evaluation({
    'a.js':
      'import { getA } from "./b.js"; throw new Error("boom"); export const a = "bad"; export const through = getA',
    'b.js': 'import { a } from "./a.js"; export const getA = () => a',
  })
  await expect(load('/a.js')).rejects.toThrow('boom')
  write('a.js', 'import { getA } from "./b.js"; export const a = "good"; export const through = () => getA()')
  await runner.runtime.install(await saved('a.js'))
  expect((await load('/a.js')).through()).toBe('good')
})

test('a cycle that failed is whole again also after several attempts', async () => {
  const { load, runner, edit, saved } = await evaluation({
    'a.js': 'import { getA } from "./b.js"; throw new Error("first"); export const a = "good"; export { getA }',
    'b.js': 'import { a } from "./a.js"; export const getA = () => a',
  })
  await expect(load('/a.js')).rejects.toThrow('first')
  edit('a.js', 'first', 'second')
  await runner.runtime.install(await saved('a.js'))
  await expect(load('/a.js')).rejects.toThrow('second')
  edit('a.js', 'throw new Error("second");', '')
  await runner.runtime.install(await saved('a.js'))
  expect((await load('/a.js')).getA()).toBe('good')
})

/** A runner for m0.js, which imports m1.js and so on; `expression` is what the last one exports. */
function chain(length: number, sum: string, expression: string): TetherNodeRunner {
  const record = (n: number): ModuleRecord => ({
    id: `/app/m${n}.js`,
    url: `/m${n}.js`,
    file: `/app/m${n}.js`,
    version: 1,
    hash: String(n),
    code:
      n === length
        ? `__vite_ssr_exportName__("n", () => { try { return n } catch {} });\nconst n = ${expression}\n`
        : `__vite_ssr_exportName__("n", () => { try { return n } catch {} });\nconst __vite_ssr_import_0__ = await __vite_ssr_import__("/m${n + 1}.js", {"importedNames":["n"]});\nconst n = (0,__vite_ssr_import_0__.n) + ${sum}\n`,
    map: null,
    deps: n === length ? {} : { [`/m${n + 1}.js`]: `/app/m${n + 1}.js` },
    dynamicDeps: {},
  })
  const modules = Array.from({ length: length + 1 }, (_, n) => record(n))
  const runner = new TetherNodeRunner({
    root: '/app',
    source: { fetch: async () => ({ id: '/app/m0.js', url: '/m0.js', modules }) },
    env: {},
  })
  onTestFinished(() => runner.close())
  return runner
}

test.each([
  ['without top-level await', 20_000, '1'],
  ['with top-level await', 3000, 'await 1'],
])('long chains of imports %s do not exhaust the call stack', async (_, length, sum) => {
  expect((await chain(length, sum, '0').import('/m0.js')).n).toBe(length)
})

test.each([
  ['without top-level await', 20_000, '1'],
  ['with top-level await', 3000, 'await 1'],
])('long chains of imports %s fail with what the last of them throws', async (_, length, sum) => {
  const runner = chain(length, sum, 'globalThis.notThere.n')
  const error = await runner.import('/m0.js').catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TypeError)
  expect(await runner.import(`/m${length / 2}.js`).catch((thrown: unknown) => thrown)).toBe(error)
})
