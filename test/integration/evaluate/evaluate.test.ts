import { existsSync, readdirSync } from 'node:fs'
import type { Plugin } from 'vite'
import { expect, test } from 'vitest'
import { evaluation } from '../../support/evaluate.ts'

const virtual = {
  name: 'virtual',
  resolveId: (id: string) => (id.startsWith('virtual:') && !id.includes('?') ? `\0${id}` : undefined),
  load: (id: string) => (id.startsWith('\0virtual:') ? `export const id = ${JSON.stringify(id.slice(1))}` : undefined),
}

test('the runner returns the same live exports by URL, path, file URL and without extension', async () => {
  const { load, root } = await evaluation({
    'src/a b.ts': 'export let n: number = 1; export const add = () => { n++ }',
  })
  const module = await load('/src/a b.ts')
  module.add()
  expect(module.n).toBe(2)
  for (const id of ['./src/a b.ts', `${root}/src/a b.ts`, `file://${root}/src/a%20b.ts`, '/src/a b']) {
    expect(await load(id)).toBe(module)
  }
})

test('the runner runs virtual modules as entries, by their own id, as resolved and as escaped', async () => {
  const { load } = await evaluation({}, { config: { plugins: [virtual] } })
  const module = await load('virtual:x')
  expect(module.id).toBe('virtual:x')
  expect(await load('\0virtual:x')).toBe(module)
  expect(await load('/@id/__x00__virtual:x')).toBe(module)
  expect(await load(`virtual:x?t=${Date.now()}`)).toBe(module)
  await expect(load('virtual:x?other')).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' })
})

test('the runner asks plugins about absolute paths too', async () => {
  const redirect: Plugin = {
    name: 'redirect',
    enforce: 'pre',
    resolveId(id) {
      return id === `${this.environment.config.root}/src/basic.js` ? '\0virtual:basic' : undefined
    },
  }
  const { load, root } = await evaluation({ 'src/basic.js': '' }, { config: { plugins: [redirect, virtual] } })
  expect((await load(`${root}/src/basic.js`)).id).toBe('virtual:basic')
})

test('the runner treats queries as different modules', async () => {
  const { load } = await evaluation({ 'a.js': 'export const a = 1' })
  expect((await load('/a.js?raw')).default).toBe('export const a = 1')
  expect((await load('/a.js?url')).default).toBe('/a.js')
  expect(await load('/a.js?x')).not.toBe(await load('/a.js?y'))
})

test('the runner loads JSON, styles and assets as Vite gives them', async () => {
  const { load } = await evaluation({
    'a.json': '{ "hello": "json", "b-c": 1 }',
    'a.module.css': '.test { color: red }',
    'a.txt': 'text',
    'entry.js': 'import json, { hello } from "./a.json"; import txt from "./a.txt"; export { json, hello, txt }',
  })
  expect({ ...(await load('/entry.js')) }).toEqual({
    json: { hello: 'json', 'b-c': 1 },
    hello: 'json',
    txt: '/a.txt',
  })
  expect((await load('/a.module.css')).default.test).toMatch(/^_test_/)
})

test('the runner asks the server once for a whole static graph, and not again for what is there', async () => {
  const { load, asked } = await evaluation({
    'a.js': 'import "./b.js"; import "./c.js"; export default 1',
    'b.js': 'import "./c.js"',
    'c.js': 'export {}',
  })
  await load('/a.js')
  await load('/a.js')
  await load('/c.js')
  expect(asked).toEqual(['/a.js'])
})

test('the runner keeps the names that vite-node gives to running a module', async () => {
  const { runner, root } = await evaluation({ 'a.js': 'export const a = 1' })
  const module = await runner.executeFile(`${root}/a.js`)
  expect(module.a).toBe(1)
  expect(await runner.executeId('/a.js')).toBe(module)
  expect(await runner.resolveUrl('/a.js')).toEqual([`${root}/a.js`, `${root}/a.js`])
  expect(runner.moduleCache.get(`${root}/a.js`)).toMatchObject({ exports: module, evaluated: true })
})

test('the runner evaluates again what a user of vite-node takes out of the module cache', async () => {
  const { runner, load, root } = await evaluation({
    'a.js': 'import "./b.js"; export const run = globalThis.runs = (globalThis.runs ?? 0) + 1',
    'b.js': 'export {}',
  })
  const before = (await load('/a.js')).run
  runner.moduleCache.invalidateDepTree([`${root}/b.js`])
  expect((await load('/a.js')).run).toBe(before + 1)
  runner.moduleCache.invalidateModule(runner.moduleCache.get(`${root}/a.js`))
  expect((await load('/a.js')).run).toBe(before + 2)
  runner.moduleCache.clear()
  expect((await load('/a.js')).run).toBe(before + 3)
})

test('a module has import.meta as under Node, on the runner’s paths', async () => {
  const { load, root } = await evaluation({
    'src/a.ts':
      'export const meta = { ...import.meta, target: import.meta.resolve("./b.ts"), fs: import.meta.resolve("fs") }',
  })
  expect((await load('/src/a.ts')).meta).toMatchObject({
    url: `file://${root}/src/a.ts`,
    filename: `${root}/src/a.ts`,
    dirname: `${root}/src`,
    main: false,
    target: `file://${root}/src/b.ts`,
    fs: 'node:fs',
  })
})

test('a module resolves packages with import.meta.resolve, and throws for one that is not there', async () => {
  const { load, root } = await evaluation({
    'node_modules/pkg/package.json': '{ "exports": { "import": "./esm.mjs", "require": "./cjs.cjs" } }',
    'node_modules/pkg/esm.mjs': '',
    'a.js': 'export const find = (id) => import.meta.resolve(id)',
  })
  const { find } = await load('/a.js')
  expect(find('pkg')).toBe(`file://${root}/node_modules/pkg/esm.mjs`)
  expect(() => find('absent')).toThrow(/absent/)
})

test('a module sees paths below the server’s root mapped to the runner’s', async () => {
  const { load } = await evaluation(
    {
      'src/a.ts': `export const meta = { ...import.meta }; export const names = [__filename, __dirname]
          export const boom = () => { throw new Error('boom') }`,
    },
    { root: '/elsewhere/app' },
  )
  const { meta, names, boom } = await load('/src/a.ts')
  expect(meta).toMatchObject({ url: 'file:///elsewhere/app/src/a.ts', dirname: '/elsewhere/app/src' })
  expect(names).toEqual(['/elsewhere/app/src/a.ts', '/elsewhere/app/src'])
  expect(stackOf(boom)).toContain('/elsewhere/app/src/a.ts:2:45')
})

test('a module is import.meta.main only in the main module', async () => {
  const project = {
    'a.js': 'import b from "./b.js"; export { b }; export default import.meta.main',
    'b.js': 'export default import.meta.main',
  }
  const { another, root } = await evaluation(project)
  const module = await another({ main: `${root}/a.js` }).import('/a.js')
  expect([module.default, module.b]).toEqual([true, false])
})

test('a module has import.meta.env of the server', async () => {
  const { load } = await evaluation({
    '.env': 'VITE_NAME=tether\nSECRET=hidden',
    'a.js':
      'export const { MODE, VITE_NAME, SECRET, SSR } = import.meta.env; export const one = import.meta.env.VITE_NAME',
  })
  expect({ ...(await load('/a.js')) }).toEqual({
    MODE: 'development',
    VITE_NAME: 'tether',
    SECRET: undefined,
    SSR: true,
    one: 'tether',
  })
})

test('import.meta.hot is made when it is first read, once, and may be replaced', async () => {
  const made: string[] = []
  const { load, root } = await evaluation(
    {
      'a.js':
        'export const before = import.meta.hot; export const same = import.meta.hot === before; import.meta.hot = 1; export const after = import.meta.hot',
      'b.js': 'export {}',
    },
    { createHotContext: (_, id) => ({ id: made.push(id) && id }) },
  )
  await load('/b.js')
  expect({ ...(await load('/a.js')) }).toEqual({ before: { id: `${root}/a.js` }, same: true, after: 1 })
  expect(made).toEqual([`${root}/a.js`])
})

test('a module has no import.meta.hot when there is no HMR', async () => {
  const { load } = await evaluation({
    'a.js': 'export const has = "hot" in import.meta; export const hot = import.meta.hot',
  })
  expect({ ...(await load('/a.js')) }).toEqual({ has: false, hot: undefined })
})

test('a module has no this, is strict, and may declare the names of the CommonJS variables', async () => {
  const { load } = await evaluation({
    'a.js': `import { createRequire } from 'node:module'
        export const self = this
        const require = createRequire(import.meta.url), __dirname = 'mine', module = 1, exports = 2
        export const values = [typeof require, __dirname, module, exports]
        export const strict = (function () { return this === undefined })()`,
  })
  expect({ ...(await load('/a.js')) }).toEqual({
    self: undefined,
    values: ['function', 'mine', 1, 2],
    strict: true,
  })
})

test('a module calls imported functions without a receiver', async () => {
  const { load } = await evaluation({
    'a.js': 'export function self() { return this }',
    'b.js': 'import { self } from "./a.js"; export const result = self()',
  })
  expect((await load('/b.js')).result).toBeUndefined()
})

test('a module may begin with a hashbang', async () => {
  const { load } = await evaluation({ 'a.js': '#!/usr/bin/env node\nexport const a = 1' })
  expect((await load('/a.js')).a).toBe(1)
})

test('a module sees Node’s globals and may shadow them', async () => {
  const { load } = await evaluation({
    'a.js': 'export default globalThis; export const own = process.pid',
    'b.js': 'export const Object = "mine"; export const global = "mine too"',
  })
  expect((await load('/a.js')).default).toBe(globalThis)
  expect((await load('/a.js')).own).toBe(process.pid)
  expect({ ...(await load('/b.js')) }).toEqual({ Object: 'mine', global: 'mine too' })
})

test('a module has require, module and exports if its code mixes them in', async () => {
  const { load } = await evaluation({
    'self.js': 'const self = module.exports; module.exports.default = self; self.Hello = 1',
    'whole.js': 'module.exports = function whole() {}; module.exports.extra = 2',
    'named.js': 'exports.a = 1; Object.defineProperty(exports, "b", { get: () => 2, enumerable: true })',
    'text.js': 'module.exports = "text"',
    'use.js': `import self, { Hello } from './self.js'; import whole, { extra } from './whole.js'
        import * as named from './named.js'; import text from './text.js'
        export const seen = [self.Hello, self.default.Hello, Hello, typeof whole, extra, named.a, named.b, text, typeof require('node:fs').readFileSync]`,
  })
  expect((await load('/use.js')).seen).toEqual([1, 1, 1, 'function', 2, 1, 2, 'text', 'function'])
})

test('a module imports builtins as Node’s own', async () => {
  const { load } = await evaluation({
    'a.js': 'import fs, { readdirSync } from "node:fs"; import * as all from "fs"; export { fs, readdirSync, all }',
  })
  const { fs, readdirSync: imported, all } = await load('/a.js')
  expect(imported).toBe(readdirSync)
  expect(fs.existsSync).toBe(existsSync)
  expect(all.existsSync).toBe(existsSync)
})

test('namespaces cannot be changed from outside', async () => {
  const { load } = await evaluation({ 'a.js': 'export const test = 1' })
  const module = await load('/a.js')
  expect(Object.isSealed(module)).toBe(true)
  expect(() => {
    module.test = 2
  }).toThrow('Cannot set property test of [object Module] which has only a getter')
  expect(() => delete module.test).toThrow("Cannot delete property 'test' of [object Module]")
  expect(() => Object.defineProperty(module, 'test', { value: 2 })).toThrow('Cannot redefine property: test')
  expect(() => {
    module.other = 2
  }).toThrow('Cannot add property other, object is not extensible')
  expect(module[Symbol.toStringTag]).toBe('Module')
  expect(Object.getPrototypeOf(module)).toBe(null)
})

test('namespaces show live bindings of every kind of default export as real modules do', async () => {
  const { load } = await evaluation({
    'function.js': 'export default function f() { return 1 }; export const change = () => { f = () => 2 }',
    'value.js': 'let f = () => 1; export default f; export const change = () => { f = () => 2 }',
    'name.js': 'let f = () => 1; export { f as default }; export const change = () => { f = () => 2 }',
    'class.js': 'export default class C { static v = 1 }; export const change = () => { C = { v: 2 } }',
    'through.js': 'export { default as again, change } from "./function.js"; export * as all from "./function.js"',
  })
  const results: unknown[] = []
  for (const id of ['/function.js', '/value.js', '/name.js']) {
    const module = await load(id)
    module.change()
    results.push(module.default())
  }
  const c = await load('/class.js')
  c.change()
  const through = await load('/through.js')
  expect([...results, c.default.v, through.again(), through.all.default()]).toEqual([2, 1, 2, 2, 2, 2])
})

test('namespaces let own exports win over export *, and leave default out of it', async () => {
  const { load } = await evaluation({
    'a.js': 'export const a = "a", both = "a"; export default 1',
    'b.js': 'export const b = "b", both = "b"',
    'all.js': 'export * from "./a.js"; export * from "./b.js"; export const b = "own"; export * from "node:path"',
  })
  const all = await load('/all.js')
  expect(all).toMatchObject({ a: 'a', both: 'a', b: 'own' })
  expect(all.default).toBeUndefined()
  expect(typeof all.join).toBe('function')
})

test('namespaces carry names that are no identifiers, and names of Object.prototype', async () => {
  const { load } = await evaluation({
    'a.js': 'const v = 1; export { v as "a name", v as toString, v as constructor, v as __proto__ }',
    'b.js': 'import { "a name" as x, toString as y, constructor as z } from "./a.js"; export const sum = x + y + z',
    'c.js': 'export * from "./a.js"',
  })
  expect((await load('/b.js')).sum).toBe(3)
  expect((await load('/c.js')).toString).toBe(1)
})

test('imports run in the order of the source, re-exports included', async () => {
  const { load } = await evaluation({
    'a.js': 'globalThis.order = ["a"]',
    'b.js': 'order.push("b")',
    'c.js': 'order.push("c")',
    'index.js':
      'import "./a.js"; export * from "./b.js"; import "./c.js"; order.push("index"); export const result = order',
  })
  expect((await load('/index.js')).result).toEqual(['a', 'b', 'c', 'index'])
})

test('imports share one evaluation, also when they come at the same time', async () => {
  const { load } = await evaluation({
    'a.js': 'export { default } from "./shared.js"',
    'b.js': 'export { default } from "./shared.js"',
    'shared.js': 'globalThis.evaluations = (globalThis.evaluations ?? 0) + 1; await 0; export default {}',
  })
  const modules = await Promise.all(['/a.js', '/b.js', '/shared.js', '/a.js'].map((id) => load(id)))
  expect(new Set(modules.map((module) => module.default)).size).toBe(1)
  expect((globalThis as { evaluations?: number }).evaluations).toBe(1)
})

test('imports find the same module however import() names it', async () => {
  const { load } = await evaluation({
    'basic.js': 'export const name = "basic"',
    'entry.js': `import path from 'node:path'
        import * as statically from './basic'
        export const load = async () => {
          const names = ['./basic', './basic.js', '/basic', '/basic.js', path.join(import.meta.dirname, 'basic.js'), new URL('./basic.js', import.meta.url).href, new URL('./basic.js', import.meta.url)]
          const all = [await import('./basic'), ...(await Promise.all(names.map((name) => import(name))))]
          return all.every((one) => one === statically)
        }`,
  })
  expect(await (await load('/entry.js')).load()).toBe(true)
})

test('imports do not ask the server again for a computed import() that is there', async () => {
  const { load, asked } = await evaluation({
    'a.js': 'export const a = 1',
    'entry.js': 'export const load = (name) => import([".", name + ".js"].join("/"))',
  })
  const entry = await load('/entry.js')
  await entry.load('a')
  const before = asked.length
  await entry.load('a')
  expect(asked.length).toBe(before)
})

test('imports run import() after the statement it stands in', async () => {
  const { load } = await evaluation({
    'a.js': 'globalThis.steps.push("imported")',
    'entry.js':
      'globalThis.steps = []; const a = import("./a.js"); steps.push("after"); await a; export const result = steps',
  })
  expect((await load('/entry.js')).result).toEqual(['after', 'imported'])
})

test('errors are the same for every import of code that throws, until that code changes', async () => {
  const { load, runner, saved, write } = await evaluation({
    'dep.js': 'export default "bad"',
    'a.js': 'import dep from "./dep.js"; if (dep === "bad") throw new Error("boom"); export { dep }',
  })
  const [first, second] = await Promise.allSettled([load('/a.js'), load('/a.js')])
  const third = await load('/a.js').catch((error: unknown) => error)
  expect(first).toMatchObject({ status: 'rejected', reason: { message: 'boom' } })
  expect((second as PromiseRejectedResult).reason).toBe((first as PromiseRejectedResult).reason)
  expect(third).toBe((first as PromiseRejectedResult).reason)

  write('dep.js', 'export default "good"')
  await runner.runtime.install(await saved('dep.js'))
  const node = runner.runtime.node(runner.runtime.toId('/dep.js'))
  expect(node?.evaluated).toBe(true)
  runner.runtime.detach([node!.id])
  expect((await load('/a.js')).dep).toBe('good')
})

test('errors of a fetch are not kept: the next import asks again', async () => {
  let refusals = 2
  const refuse = () => {
    if (refusals-- > 0) throw new Error('no answer in time')
  }
  const { load } = await evaluation({ 'a.js': 'import "./b.js"; export const a = 1', 'b.js': '' }, { refuse })
  const results = await Promise.allSettled([load('/a.js'), load('/a.js')])
  expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
  expect((await load('/a.js')).a).toBe(1)
})

test('errors of import() reach the importer, which can try again', async () => {
  let isAway = true
  const refuse = (url: string) => {
    if (url.endsWith('/b.js') && isAway) throw new Error('away')
  }
  const { load } = await evaluation(
    {
      'a.js': `export const tryIt = () => import("./b.js").then((b) => b.b, (error) => error.message)
          export const compute = (name) => import(name).then((b) => b.b, (error) => error.message)`,
      'b.js': 'export const b = 1',
    },
    { refuse },
  )
  const { tryIt, compute } = await load('/a.js')
  expect([await tryIt(), await tryIt(), await compute('./b.js')]).toEqual(['away', 'away', 'away'])
  isAway = false
  expect([await tryIt(), await compute('./b.js')]).toEqual([1, 1])
})

test('errors of a transform name file and position', async () => {
  const { load, root } = await evaluation({ 'a.ts': 'import "./b.ts"', 'b.ts': 'export const = 1' })
  const error = await load('/a.ts').catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ id: `${root}/b.ts`, message: expect.stringMatching(/b\.ts:1:14/) })
})

test('errors name a module that is not there and who imports it', async () => {
  const { load, root } = await evaluation({ 'a.js': 'import "./absent.js"' })
  await expect(load('/a.js')).rejects.toThrow(new RegExp(`absent\\.js.*${root}/a\\.js`))
  await expect(load('/absent.js')).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' })
})

test('errors are SyntaxErrors for a name that an app module does not export', async () => {
  const { load } = await evaluation({
    'a.js': 'export const a = 1',
    'star.js': 'export * from "./a.js"',
    'bad.js': 'import { absent } from "./a.js"; export const result = absent',
    'bad-star.js': 'import { absent } from "./star.js"; export const result = absent',
    'bad-default.js': 'import absent from "./a.js"; export const result = absent',
    'good.js': 'import { a } from "./star.js"; export const result = a',
  })
  for (const id of ['/bad.js', '/bad-star.js']) {
    await expect(load(id)).rejects.toThrow(/does not provide an export named 'absent'/)
    await expect(load(id)).rejects.toBeInstanceOf(SyntaxError)
  }
  await expect(load('/bad-default.js')).rejects.toThrow(/does not provide an export named 'default'/)
  expect((await load('/good.js')).result).toBe(1)
})

function stackOf(fn: () => unknown): string {
  try {
    fn()
  } catch (error) {
    return (error as Error).stack!
  }
  throw new Error('It did not throw.')
}
