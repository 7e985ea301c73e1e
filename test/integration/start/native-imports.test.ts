/** A process that begins with kept code has Node's module hooks by the time at which Node can be asked for a file of the app. */
import nodeModule from 'node:module'
import { expect, test } from 'vitest'
import { begin, createApp, readStart, startOnce } from '../../support/kept-start.ts'

const vm = (module: string) =>
  `(${module}).runInThisContext('u => import(u)', { importModuleDynamically: (${module}).constants.USE_MAIN_CONTEXT_DEFAULT_LOADER })`

/** Modules whose `load(url)` imports past the runner. Their names are no words of the code that does so. */
const WAYS: Record<string, string> = {
  made: "export const load = new Function('u', 'return import(u)')",
  madeLater: "export const load = Object.getPrototypeOf(async () => {}).constructor('u', 'return import(u)')",
  taken: "const { constructor: Make } = () => {}\nexport const load = Make('u', 'return import(u)')",
  evaluated: "export const load = eval('u => import(u)')",
  virtual: `import vm from 'node:vm'\nexport const load = ${vm('vm')}`,
  computed: `const vm = await import('v' + 'm')\nexport const load = ${vm('vm')}`,
  builtin: `export const load = ${vm("process.getBuiltinModule('vm')")}`,
  required: `export const load = ${vm("require('vm')")}`,
  compiled: `import { Module } from 'node:module'
    const made = new Module('made')
    made._compile('module.exports = (u) => import(u)', import.meta.filename)
    export const load = made.exports`,
  created:
    "import { createRequire } from 'node:module'\nexport const { load } = createRequire(import.meta.url)('a-script')",
  packaged: "export { load } from 'a-module'",
  script: "import script from 'a-script'\nexport const { load } = script",
  late: "export const load = async (u: string) => (await import('a-' + 'module')).load(u)",
}

const names = Object.keys(WAYS)

test('however Node comes to import a file of the app, it gets the instance of the runner', async () => {
  const project = createApp({
    ...Object.fromEntries(names.map((name) => [`src/${name}.ts`, WAYS[name]!])),
    'src/held.ts': 'export const held: object = {}',
    'src/main.ts': `import { held } from './held.ts'
      const ways = { ${names.map((name) => `${name}: () => import('./${name}.ts')`).join(', ')} }
      for (const name of process.env.WAYS!.split(',').filter(Boolean)) {
        const { load } = await ways[name]()
        const natively = await load(new URL('./held.ts', import.meta.url).href)
        console.log('app ' + name + ' ' + (natively.held === held))
      }`,
    'node_modules/a-module/package.json': '{ "name": "a-module", "type": "module", "exports": "./index.js" }',
    'node_modules/a-module/index.js': 'export const load = (u) => import(u)',
    'node_modules/a-script/package.json': '{ "name": "a-script" }',
    'node_modules/a-script/index.js': 'exports.load = (u) => import(u)',
  })
  const first = await startOnce(project, [], { WAYS: names.join() })
  expect(first).toEqual({ says: names.map((name) => `app ${name} true`), begun: 0, kept: names.length + 2 })
  const kept = names.length + 2
  await Promise.all(
    names.map(async (name) => {
      const each = await startOnce(project, [], { WAYS: name })
      expect(each).toEqual({ says: [`app ${name} true`], begun: kept, kept: 0 })
    }),
  )
  // where the hooks need a thread, which takes as long to boot as node, none is started in vain
  const running = begin(project, ['--once'], { WAYS: '', DEBUG: 'vite-tether:start,vite-tether:native' })
  expect(await running.exited, running.text).toEqual({ code: 0, signal: null })
  expect(readStart(running).begun).toBe(kept)
  expect(running.text).not.toContain('starts the thread')
  const hasThread = !('registerHooks' in nodeModule)
  const used = begin(project, ['--once'], { WAYS: 'virtual', DEBUG: 'vite-tether:start,vite-tether:native' })
  await used.exited
  if (hasThread) expect(used.text).toContain('starts the thread')
})
