/** A module that Node loads past the runner is the runner's own, and its save restarts the app. */
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { until } from '../support/child.ts'

const STATE = { 'src/state.ts': 'export const state: { hits: number } = { hits: 0 }\nexport default class Store {}' }
const MODULE = { 'package.json': '{ "type": "module" }' }
const PATHS = {
  'tsconfig.json': '{ "compilerOptions": { "target": "es2022", "paths": { "@/*": ["./src/*"] } } }',
}
/** A library that loads what it finds in a folder. */
const LOADER = {
  'node_modules/loader/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/loader/index.js': `import { readdirSync } from 'node:fs'
    import { pathToFileURL } from 'node:url'
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    const files = (folder) => readdirSync(folder).map((file) => folder + '/' + file)
    export const supportsTypeScript = Boolean(process.features.typescript) && '.ts' in require.extensions
    export const imported = (folder) => Promise.all(files(folder).map((file) => import(pathToFileURL(file).href)))
    export const required = (folder) => files(folder).map((file) => require(file))`,
}

test('require() gives the runner’s instance of an ES module: early, late, by alias, by the extension it is compiled to', async () => {
  const { result } = await startApp({
    ...MODULE,
    ...PATHS,
    ...STATE,
    'src/main.ts': `import { createRequire } from 'node:module'
      import Store, { state } from './state.ts'
      const require = createRequire(import.meta.url)
      const late = require('./late')
      const legacy = require('./legacy.cjs')
      console.log('result ' + JSON.stringify([
        require('./state').state === state, require('./state.js').default === Store, require('@/state').state === state,
        late.state === state, late.Color.Red, (await import('./late.ts')).state === state, late.__esModule, Object.keys(late),
        legacy.state === state, legacy.late === late, require('./late') === late,
      ]))`,
    'src/late.ts':
      "import { state } from '@/state'\nimport { sep } from 'node:path'\nexport { state }\nexport const slash = sep\nexport enum Color { Red = 'red' }",
    'src/legacy.cjs': "exports.state = require('./state').state\nexports.late = require('@/late')",
  })
  const names = ['Color', 'slash', 'state']
  const [a, b, c, d, red, e, isModule, keys, ...rest] = await result()
  expect([a, b, c, d, red, e, isModule, keys.sort(), ...rest]).toEqual([
    ...[true, true, true, true, 'red', true, true, names],
    ...[true, true, true],
  ])
})

test('an ES module that was first loaded by require() is evaluated once, with its packages and in cycles', async () => {
  const { result, lines } = await startApp({
    ...MODULE,
    'node_modules/dual/package.json': '{ "exports": { "import": "./esm.mjs", "require": "./cjs.cjs" } }',
    'node_modules/dual/esm.mjs': 'export const kind = "import"',
    'node_modules/dual/cjs.cjs': 'exports.kind = "require"',
    'node_modules/cjs/index.js': 'exports.one = 1',
    'src/main.ts': `import { createRequire } from 'node:module'
      const { a } = createRequire(import.meta.url)('./a')
      const again = await import('./a.ts')
      console.log('result ' + JSON.stringify([a, again.a === a, again.b(), again.kind, again.one, again.meta]))`,
    'src/a.ts': `import { b } from './b.ts'
      import { kind } from 'dual'
      import cjs, { one } from 'cjs'
      console.log('evaluated a')
      export const a = { cjs }
      export const meta = [import.meta.url.endsWith('/src/a.ts'), import.meta.env.MODE]
      export { b, kind, one }`,
    'src/b.ts': "import { a } from './a.ts'\nexport const b = () => a.cjs.one",
  })
  expect(await result()).toEqual([{ cjs: { one: 1 } }, true, 1, 'import', 1, [true, 'development']])
  expect(lines.filter((line) => line === 'evaluated a')).toHaveLength(1)
})

test('require() of a module with top-level await, with a missing name, or that throws is an error that says so', async () => {
  const { result } = await startApp({
    ...MODULE,
    'src/main.ts': `import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const failure = (id) => { try { require(id) } catch (error) { return [error.name, error.code, error.message] } }
      const errors = ['./waits', './lacks', './throws', './throws', './nowhere', '@/nowhere'].map(failure)
      console.log('result ' + JSON.stringify([...errors, (await import('./waits.ts')).default]))`,
    'src/waits.ts': 'export default await Promise.resolve(1)',
    'src/lacks.ts': "import { nope } from './waits.js'\nconsole.log(nope)",
    'src/throws.ts': "throw new RangeError('thrown ' + (globalThis.count = (globalThis.count ?? 0) + 1))",
  })
  const [waits, lacks, first, second, nowhere, alias, late] = await result()
  expect(waits).toEqual(['Error', 'ERR_REQUIRE_ASYNC_MODULE', expect.stringMatching(/src\/waits\.ts.*import\(\)/)])
  expect(lacks[1]).toBe('ERR_REQUIRE_ASYNC_MODULE')
  expect([first, second]).toEqual([
    ['RangeError', null, 'thrown 1'],
    ['RangeError', null, 'thrown 1'],
  ])
  expect([nowhere[1], alias[1], late]).toEqual(['MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 1])
})

test('libraries that import or require the files of a folder get the runner’s instances', async () => {
  const { result, project, line, lines } = await startApp({
    ...MODULE,
    ...PATHS,
    ...STATE,
    ...LOADER,
    'src/main.ts': `import { imported, required, supportsTypeScript } from 'loader'
      import { state } from './state.ts'
      const routes = await imported(import.meta.dirname + '/routes')
      const entities = required(import.meta.dirname + '/entities')
      for (const { default: route } of routes) route()
      console.log('result ' + JSON.stringify([supportsTypeScript, state.hits, Object.keys(routes[0]), entities.map(({ name }) => name)]))
      setInterval(() => {}, 1e9)`,
    'src/routes/a.ts':
      "import { state } from '@/state'\nexport const path: string = '/a'\nexport default () => { state.hits += 1 }",
    'src/routes/b.js': "import { state } from '../state.js'\nexport default () => { state.hits += 10 }",
    'src/routes/c.cjs': "const { state } = require('../state')\nmodule.exports = () => { state.hits += 100 }",
    'src/entities/user.ts': "import { state } from '@/state'\nexport const name: string = 'user ' + typeof state",
    'src/entities/order.cts': "exports.name = 'order' as string",
  })
  expect(await result()).toEqual([true, 111, ['default', 'path'], ['order', 'user object']])
  project.edit('src/routes/a.ts', '+= 1 ', '+= 2 ')
  await line(/restarted: nothing accepts src\/routes\/a\.ts/)
  await line(/^result \[true,112/)
  project.edit('src/routes/c.cjs', '100', '200')
  await line(/restarted: src\/routes\/c\.cjs changed \(loaded natively\)/)
  await line(/^result \[true,212/)
  project.edit('src/entities/user.ts', "'user '", "'person '")
  await line(/restarted: nothing accepts src\/entities\/user\.ts/)
  await line(/person object/)
  expect(lines.filter((each) => each.includes('restarted'))).toHaveLength(3)
})

test('what a module requires is replaced with it: its importers decide', async () => {
  const { project, line, lines } = await startApp({
    ...MODULE,
    'src/main.ts': `import { show } from './show.ts'
      console.log('first ' + show())
      setInterval(() => {}, 1e9)
      import.meta.hot?.accept('./show.ts', (next) => console.log('then ' + next.show()))`,
    'src/show.ts': `import { createRequire } from 'node:module'
      const { text } = createRequire(import.meta.url)('./text')
      export const show = () => text`,
    'src/text.ts': "export const text: string = 'v1'",
  })
  await line(/^first v1/)
  project.edit('src/text.ts', 'v1', 'v2')
  await line(/^then v2/)
  expect(lines.filter((each) => each.includes('restarted'))).toEqual([])
})

test('an ES module that a library has loaded may accept itself', async () => {
  const { project, line, lines } = await startApp({
    ...MODULE,
    ...LOADER,
    'src/main.ts':
      "import { imported } from 'loader'\nawait imported(import.meta.dirname + '/routes')\nsetInterval(() => {}, 1e9)",
    'src/routes/a.ts': "console.log('route v1')\nexport default 1\nimport.meta.hot?.accept()",
  })
  await line(/^route v1/)
  project.edit('src/routes/a.ts', 'v1', 'v2')
  await line(/^route v2/)
  await line(/hot updated: src\/routes\/a\.ts/)
  expect(lines.filter((each) => each.includes('restarted'))).toEqual([])
})

test('an error in a module that a library imports is the module’s own, in source positions', async () => {
  const { line } = await startApp({
    ...MODULE,
    ...LOADER,
    'src/main.ts': "import { imported } from 'loader'\nawait imported(import.meta.dirname + '/routes')",
    'src/routes/a.ts':
      "interface Lines {\n  gone: true\n}\nthrow Object.assign(new Error('route failed'), { own: 1 } as unknown as Lines)",
  })
  await line(/Error: route failed/)
  await line(/src\/routes\/a\.ts:4:21/)
})

test('a script that is imported and required runs once', async () => {
  const { result } = await startApp({
    'src/main.ts': `import './script'
      import legacy from './legacy.cjs'
      console.log('result ' + JSON.stringify([legacy, globalThis.runs]))`,
    'src/script.js': 'globalThis.runs = (globalThis.runs ?? 0) + 1',
    'src/legacy.cjs': "require('./script')\nmodule.exports = 'legacy'",
  })
  expect(await result()).toEqual(['legacy', 1])
})

/** Loads `file`, and writes what does not compile into it if it is the one that the test has saved. */
const breaks = (file: string, broken: string) => `
  import { writeFileSync } from 'node:fs'
  import { createRequire } from 'node:module'
  const own = ${JSON.stringify(file)}
  const value = createRequire(import.meta.url)(own)
  console.log('runs ' + value.v)
  if (value.v === 'v2') writeFileSync(new URL(own, import.meta.url), ${JSON.stringify(broken)})
  setInterval(() => {}, 1e9)`

test.each([
  ['CommonJS', 'own.cjs', 'exports.v = "v1"', 'exports.v = "v3" 3', /Unexpected number/],
  ['TypeScript', 'own.cts', 'exports.v = "v1" as string', 'exports.v = as string', /own\.cts/],
  ['JSON', 'own.json', '{ "v": "v1" }', '{ "v": }', /own\.json/],
  ['an ES module', 'own.mts', 'export const v: string = "v1"', 'export const v: = "v3"', /own\.mts/],
])(
  '%s that Node has loaded, saved before Vite hears of it, does not replace the process if it cannot start',
  async (_, file, code, broken, message) => {
    const { project, line, hub } = await startApp(
      { ...MODULE, [`src/${file}`]: code, 'src/main.ts': breaks(`./${file}`, broken) },
      {},
      // the watcher tells of a save long after Node
      { server: { watch: { usePolling: true, interval: 1000 } } },
    )
    await line(/^runs v1/)
    project.edit(`src/${file}`, 'v1', 'v2')
    await line(/^runs v2/)
    const { pid } = hub.runners[0]!
    await line(message)
    await line(/The app still runs the code from before/)
    // it may be refused before the app has said that it is up
    await until(() => hub.runners[0]?.state === 'ready', 'the app to be ready')
    expect(hub.runners[0]!.pid).toBe(pid)
    project.write(`src/${file}`, code.replace('v1', 'v4'))
    await line(/^runs v4/)
  },
)
