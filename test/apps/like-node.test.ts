import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { printedByNode, startApp } from '../support/app.ts'

const require = createRequire(import.meta.url)
const slow = { timeout: 120_000 }

test('a namespace object has its keys in order and looks like one of Node', slow, async () => {
  const files = {
    'package.json': '{ "type": "module" }',
    'src/names.mjs': `
      export * as self from './names.mjs'
      export const zeta = 1
      export let alpha = 'one'
      export default class Thing {}
      export const list = [{ deep: { deeper: { deepest: 1 } } }]
      export function change() { alpha = 'two' }
      export * from './more.mjs'`,
    'src/more.mjs': 'export const middle = new Map([[1, 2]])\nexport const Upper = null',
    'src/main.mjs': `
      import { inspect } from 'node:util'
      import * as names from './names.mjs'
      const show = () => console.log(JSON.stringify([
        Object.keys(names), Object.keys({ ...names }), inspect(names), inspect({ a: { b: names } }), inspect(names, { depth: 0 }),
        inspect({ a: { b: { c: { names } } } }), inspect(names, { compact: false, sorted: true }), inspect(names.self),
        Object.prototype.toString.call(names),
      ]))
      names.change()
      show()`,
  }
  const app = await startApp(files, { entry: 'src/main.mjs' })
  const line = await app.line(/^\[\[|exited with code/)
  expect(JSON.parse(line)).toEqual(JSON.parse(printedByNode(app.project, 'src/main.mjs')))
})

test('a package finds TypeScript of the app by the name of what it compiles to', slow, async () => {
  const app = await startApp({
    'package.json': '{ "type": "module" }',
    'node_modules/framework/package.json':
      '{ "name": "framework", "type": "module", "exports": { ".": "./index.js", "./old": "./old.cjs" } }',
    'node_modules/framework/index.js': `
      import { join } from 'node:path'
      import { fileURLToPath, pathToFileURL } from 'node:url'
      export const boot = async (base) => [
        (await import(new URL('config/app.js', base))).default,
        (await import(new URL('config/app.js', base).href)).default,
        (await import(pathToFileURL(join(fileURLToPath(base), 'config/app')).href)).default,
        (await import(join(fileURLToPath(base), 'config/folder'))).default,
        await import(new URL('config/none.js', base)).catch(({ code }) => code),
        await import('./none.js').catch(({ code }) => code),
      ]`,
    'node_modules/framework/old.cjs': `
      module.exports = (file) => { try { return require(file).default } catch ({ code }) { return code } }`,
    'node_modules/framework/none.ts': 'export default 1',
    'config/app.ts': 'const name: string = "app"\nexport default name',
    'config/folder/index.ts': 'const name: string = "folder"\nexport default name',
    'src/main.ts': `
      import { boot } from 'framework'
      import old from 'framework/old'
      const base = new URL('../', import.meta.url)
      const path = (name: string) => new URL(name, base).pathname
      const required = [old(path('config/app.js')), old(path('config/app')), old(path('config/none.js')), old('./none.js')]
      console.log('result ' + JSON.stringify([await boot(base), required]))`,
  })
  const missing = 'ERR_MODULE_NOT_FOUND'
  expect(await app.result()).toEqual([
    ['app', 'app', 'app', 'folder', missing, missing],
    ['app', 'app', 'MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'],
  ])
})

test.each(['esbuild', 'typescript'])(
  'blocks of one namespace see what the others export, with %s in the project',
  slow,
  async (name) => {
    const app = await startApp({
      'src/main.ts': `
      namespace N { export const z: number = 1; export function f() { return z } }
      namespace N { export const w = z + f() }
      export namespace A.B { export const x = 1 }
      export namespace A.B { export const y = x + 1 }
      console.log('result ' + JSON.stringify([N.w, A.B.y]))`,
      [`node_modules/${name}/index.js`]: `module.exports = require(${JSON.stringify(require.resolve(name))})`,
    })
    expect(await app.result()).toEqual([2, 2])
  },
)

test('files of a package that the watch option names restart the app', slow, async () => {
  const app = await startApp(
    {
      'node_modules/x/package.json': '{ "name": "x", "type": "module", "main": "lib/index.js" }',
      'node_modules/x/lib/index.js': 'export const x = 1',
      'node_modules/y/package.json': '{ "name": "y", "type": "module", "main": "index.js" }',
      'node_modules/y/index.js': 'export const y = 1',
      'src/main.ts':
        "import { x } from 'x'\nimport { y } from 'y'\nconsole.log('is ' + x + ' ' + y)\nsetInterval(() => {}, 1000)",
    },
    { watch: 'node_modules/x/**' },
  )
  await app.line(/^is 1 1/)
  await expect.poll(() => app.server.watcher.getWatched()[app.project.path('node_modules/x/lib')]).toEqual(['index.js'])
  app.project.edit('node_modules/y/index.js', '1', '2')
  app.project.edit('node_modules/x/lib/index.js', '1', '2')
  await app.line(/^is 2 2/)
  expect(app.lines.filter((line) => /restarted/.test(line))).toEqual([
    expect.stringContaining('restarted: node_modules/x/lib/index.js changed'),
  ])
})
