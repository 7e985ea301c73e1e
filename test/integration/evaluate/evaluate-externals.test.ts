import { expect, test } from 'vitest'
import { evaluation } from '../../support/evaluate.ts'

const packages = {
  'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/esm/index.js':
    'export const hello = () => "world"; export default { hello }; export let n = 1; export const add = () => n++',
  'node_modules/cjs/package.json': '{ "main": "index.js" }',
  'node_modules/cjs/index.js':
    'exports.hello = () => "world"; for (const name of ["hidden"]) exports[name] = 1; Object.defineProperty(exports, "__esModule", { value: true }); exports.default = "inner"',
  'node_modules/dual/package.json': '{ "exports": { "import": "./esm.mjs", "require": "./cjs.cjs" } }',
  'node_modules/dual/esm.mjs': 'export const kind = "import"',
  'node_modules/dual/cjs.cjs': 'exports.kind = "require"',
  'node_modules/deep/package.json': '{ "main": "index.js" }',
  'node_modules/deep/index.js': 'module.exports = {}',
  'node_modules/deep/fp.js': 'module.exports = { fp: true }',
  'node_modules/deep/folder/index.js': 'module.exports = { folder: true }',
}

test('externals are Node’s own modules, with live bindings', async () => {
  const { load, root } = await evaluation({
    ...packages,
    'a.js': 'import { n, add } from "esm"; add(); export const seen = n; export * as all from "esm"',
  })
  const { seen, all } = await load('/a.js')
  const native = await import(/* @vite-ignore */ `${root}/node_modules/esm/index.js`)
  expect([seen, native.n, all.add === native.add]).toEqual([2, 2, true])
})

test('externals have the default export and the conditions that Node gives them', async () => {
  const { load } = await evaluation({
    ...packages,
    'a.js': `import cjs, { hello } from 'cjs'; import { kind } from 'dual'; import { createRequire } from 'node:module'
        export const required = require('dual').kind
        export { cjs, hello, kind }`,
  })
  const { cjs, hello, kind, required } = await load('/a.js')
  expect([hello(), cjs.default, cjs.hidden, kind, required]).toEqual(['world', 'inner', 1, 'import', 'require'])
})

test('externals are found with deep imports that have no extension', async () => {
  const { load } = await evaluation({
    ...packages,
    'a.js': 'import fp from "deep/fp"; import folder from "deep/folder"; export { fp, folder }',
  })
  expect({ ...(await load('/a.js')) }).toEqual({ fp: { fp: true }, folder: { folder: true } })
})

test('externals are resolved from where the importer stands', async () => {
  const { load } = await evaluation({
    'node_modules/pkg/package.json': '{ "main": "index.js" }',
    'node_modules/pkg/index.js': 'module.exports = "outer"',
    'inner/node_modules/pkg/package.json': '{ "main": "index.js" }',
    'inner/node_modules/pkg/index.js': 'module.exports = "inner"',
    'a.js': 'import pkg from "pkg"; export { default as inner } from "./inner/b.js"; export { pkg as outer }',
    'inner/b.js': 'import pkg from "pkg"; export default pkg',
  })
  expect({ ...(await load('/a.js')) }).toEqual({ outer: 'outer', inner: 'inner' })
  expect((await load('pkg')).default).toBe('outer')
})

test('externals are the same for all folders of a package, whose own name means itself', async () => {
  const asks = 'import pkg from "pkg"; export default pkg'
  const { load } = await evaluation({
    'node_modules/pkg/package.json': '{ "main": "index.js" }',
    'node_modules/pkg/index.js': 'globalThis.loads = (globalThis.loads ?? 0) + 1; module.exports = "outer"',
    'inner/node_modules/pkg/package.json': '{ "main": "index.js" }',
    'inner/node_modules/pkg/index.js': 'module.exports = "inner"',
    'own/package.json': '{ "name": "pkg", "exports": "./self.cjs" }',
    'own/self.cjs': 'module.exports = "self"',
    'one/a.js': asks,
    'two/deep/b.js': asks,
    'inner/deep/c.js': asks,
    'own/deep/d.mjs': asks,
  })
  const files = ['/one/a.js', '/two/deep/b.js', '/inner/deep/c.js', '/own/deep/d.mjs']
  const found: unknown[] = []
  for (const file of files) found.push((await load(file)).default)
  expect(found).toEqual(['outer', 'outer', 'inner', 'self'])
  expect((globalThis as { loads?: number }).loads).toBe(1)
})

test('externals are loaded from the runner’s root, not the server’s', async () => {
  const server = await evaluation({ ...packages, 'src/a.js': 'export { hello } from "esm"' })
  const worker = await evaluation({
    'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/esm/index.js': 'export const hello = "from the worker"',
  })
  const module = await server.another({ root: worker.root }).import('/src/a.js')
  expect(module.hello).toBe('from the worker')
})

test('externals are not loaded before the import that asks for them', async () => {
  const { load } = await evaluation({
    'node_modules/late/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/late/index.js': 'globalThis.sequence.push("external")',
    'a.js': 'import "./first.js"; import "late"; import "./last.js"; export const result = globalThis.sequence',
    'first.js':
      'globalThis.sequence = ["first"]; await new Promise((resolve) => setImmediate(resolve)); globalThis.sequence.push("awaited")',
    'last.js': 'globalThis.sequence.push("last")',
  })
  expect((await load('/a.js')).result).toEqual(['first', 'awaited', 'external', 'last'])
})

test('externals are loaded by import(), literal or computed, and by data URLs', async () => {
  const { load, asked } = await evaluation({
    ...packages,
    'a.js': `export const literal = () => import('esm')
        export const computed = (name) => import(name)`,
  })
  const { literal, computed } = await load('/a.js')
  expect((await literal()).hello()).toBe('world')
  expect(asked).toEqual(['/a.js'])
  expect((await computed('esm')).hello()).toBe('world')
  expect((await computed('node:path')).join('a', 'b')).toBe('a/b')
  expect((await computed('data:text/javascript,export default 5')).default).toBe(5)
})

test('externals run import() of code they are given, from where that stands', async () => {
  const { load } = await evaluation({
    ...packages,
    'a.js': 'export const load = () => (0, eval)("import(\\"node:path\\")")',
  })
  expect((await (await load('/a.js')).load()).join('a', 'b')).toBe('a/b')
})

test('a package that is missing is named with its importer, and can be caught by code', async () => {
  const { load, root } = await evaluation({
    'a.js': 'import "absent"',
    'b.js': 'export const optional = await import("absent").catch((error) => error.code)',
  })
  await expect(load('/a.js')).rejects.toMatchObject({
    code: 'ERR_MODULE_NOT_FOUND',
    message: expect.stringMatching(new RegExp(`'absent' imported from '${root}/a.js'`)),
  })
  expect((await load('/b.js')).optional).toBe('ERR_MODULE_NOT_FOUND')
})

test('a package that is missing is told from one that is installed but leads to no file', async () => {
  const { load, root } = await evaluation({
    'node_modules/hollow/package.json': '{ "name": "hollow" }',
    'node_modules/unbuilt/package.json': '{ "name": "unbuilt", "exports": "./dist/index.js" }',
    'a.js': 'import "hollow"',
    'b.js': 'import "unbuilt"',
  })
  await expect(load('/a.js')).rejects.toThrow(`leads to ${root}/node_modules/hollow/index.js, which does not exist`)
  await expect(load('/b.js')).rejects.toThrow(`leads to ${root}/node_modules/unbuilt/dist/index.js, which does not`)
})

test('a package that is missing is found by the next import once it has been installed', async () => {
  const { load, write } = await evaluation({ 'a.js': 'export { default } from "later"' })
  await expect(load('/a.js')).rejects.toThrow('later')
  write('node_modules/later/index.js', 'module.exports = "installed"')
  write('node_modules/later/package.json', '{ "main": "index.js" }')
  expect((await load('/a.js')).default).toBe('installed')
})

test('a package that is missing is not confused with one that throws', async () => {
  const { load } = await evaluation({
    'node_modules/throws/package.json': '{ "exports": { "import": "./index.mjs" } }',
    'node_modules/throws/index.mjs': 'throw new TypeError("thrown inside")',
    'a.js': 'import "throws"',
  })
  await expect(load('/a.js')).rejects.toThrow(TypeError)
})

test('a package that is missing inside another package is reported as that package’s error', async () => {
  const { load } = await evaluation({
    'node_modules/broken/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/broken/index.js': 'import "not-there"',
    'a.js': 'import "broken"',
  })
  await expect(load('/a.js')).rejects.toThrow(/not-there.*broken/)
})

test('a name that an external does not have is a SyntaxError that says of what kind the package is', async () => {
  const { load } = await evaluation({
    ...packages,
    'esm.js': 'import { absent } from "esm"; export const result = absent',
    'cjs.js': 'import { hidden } from "cjs"; export const result = hidden',
    'node.js': 'import { absent } from "node:fs"; export const result = absent',
    'good.js': 'import { hello } from "cjs"; import { hello as too } from "esm"; export const result = hello() + too()',
  })
  const esm = await load('/esm.js').catch((error: unknown) => error)
  expect(esm).toBeInstanceOf(SyntaxError)
  expect(esm).toMatchObject({ message: "The requested module 'esm' does not provide an export named 'absent'" })
  const cjs = await load('/cjs.js').catch((error: unknown) => error)
  expect(cjs).toBeInstanceOf(SyntaxError)
  expect((cjs as Error).message).toMatch(
    /^Named export 'hidden' not found. The requested module 'cjs' is a CommonJS module/,
  )
  await expect(load('/node.js')).rejects.toThrow("'node:fs' does not provide an export named 'absent'")
  expect((await load('/good.js')).result).toBe('worldworld')
})

test('a name that an external does not have is no error where only decorator metadata asks for it, as for a type', async () => {
  const { load } = await evaluation({
    ...packages,
    'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
    'types.ts':
      'export interface User { name: string }; export namespace Deep { export interface Inner {} }; export class Real {}',
    'index.ts': 'export { User } from "./types"; export * from "./types"',
    'a.ts': `import { Response, hello } from 'esm'
        import Missing, { Request as R } from 'cjs'
        import { User, Real } from './index'
        const seen: unknown[] = []
        ;(Reflect as any).metadata = (_: string, value: unknown) => (seen.push(value), () => {})
        const D = (): any => () => {}
        @D() export class Controller {
          @D() user!: User
          constructor(private real: Real, res: Response) {}
          @D() get(@D() res: Response, @D() req: R, @D() user: User | undefined, @D() names: R[]): Promise<User> { return hello() as any }
          @D() one(@D() inner: Response.Inner): Response { return null as any }
        }
        export { seen, Real }`,
    'value.ts': `import { Response } from 'esm'
        const D = (): any => () => {}
        export class Controller { @D() get(@D() res: Response) { return new Response() } }`,
  })
  const { seen, Real } = await load('/a.ts')
  expect(seen.flat()).toContain(Object)
  expect(seen.flat()).toContain(Real)
  await expect(load('/value.ts')).rejects.toThrow(/does not provide an export named 'Response'/)
})

test('a name that an external does not have is no error where a TypeScript module passes it on, for it may be a type', async () => {
  const { load } = await evaluation({
    ...packages,
    'types.ts': 'export interface User { name: string }; export const real = 1',
    'index.ts': 'export { User, real } from "./types"; import { Options } from "esm"; export { Options }',
    'a.ts': 'import { User, real } from "./index"; export const value: User & number = real as never',
    'bad.js': 'export { absent } from "./types.ts"',
  })
  expect((await load('/a.ts')).value).toBe(1)
  await expect(load('/bad.js')).rejects.toThrow(SyntaxError)
})
