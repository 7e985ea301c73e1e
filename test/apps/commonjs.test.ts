/** CommonJS files of an app run as under node; the oracle is node. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { printedByNode, startApp } from '../support/app.ts'
import { until } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { attach, startServer } from '../support/tether.ts'

const FACTS = `#!/usr/bin/env node
const greet = require('./greet')
implicit = 010
console.log('result ' + JSON.stringify({
  main: [require.main === module, module.id, module.parent, module.loaded, module.filename === __filename],
  paths: module.paths, cached: require.cache[__filename] === module, children: module.children.map(({ id }) => id),
  sloppy: [implicit, this === exports, (function () { return this === globalThis })()], names: arguments.length,
  greet: greet(), argv: process.argv.slice(1), data: require('./data.json'), dirname: __dirname,
}))
process.stdin.unref()
return
unreachable()
`

test('a CommonJS entry finds what it finds under node', async () => {
  const app = await startApp(
    { 'src/main.js': FACTS, 'src/greet.js': 'module.exports = () => "hello"', 'src/data.json': '{ "a": 1 }' },
    { entry: 'src/main.js' },
  )
  const printed = await app.line(/^result /)
  expect(`${printed}\n`).toBe(printedByNode(app.project, 'src/main.js'))
})

test('a save of what a CommonJS app has loaded restarts it and says why, but not before it can start', async () => {
  const { project, line, lines, hub } = await startApp(
    {
      'package.json': '{ "type": "commonjs" }',
      'src/main.js':
        "console.log('runs ' + require('./lib/greet')() + require('./data.json').n); setInterval(() => {}, 1e9)",
      'src/lib/greet.js': 'module.exports = () => "v1 "',
      'src/data.json': '{ "n": 1 }',
    },
    { entry: 'src/main.js' },
  )
  await line(/^runs v1 1/)
  project.edit('src/lib/greet.js', 'v1', 'v2')
  await line(/^runs v2 1/)
  expect(lines.filter((each) => each.includes('restarted'))).toEqual([
    expect.stringContaining('restarted: src/lib/greet.js changed (loaded natively)'),
  ])
  project.edit('src/data.json', '1', '2')
  await line(/^runs v2 2/)
  await line(/restarted: src\/data\.json changed \(loaded natively\)/)
  project.edit('src/main.js', "'runs '", "'main '")
  await line(/^main v2 2/)
  await line(/restarted: src\/main\.js changed \(loaded natively\)/)
  // `import.meta.hot` would be a syntax error
  expect(lines.join('\n')).not.toContain('import.meta')

  const { pid } = hub.runners[0]!
  project.edit('src/lib/greet.js', '"v2 "', '"v2 " 3')
  await line(/SyntaxError: Unexpected number/)
  await line(/src\/lib\/greet\.js:1:/)
  await line(/The app still runs the code from before/)
  expect(hub.runners[0]).toMatchObject({ pid, state: 'ready' })
  project.edit('src/lib/greet.js', '"v2 " 3', '"v3 "')
  await line(/^main v3 2/)
})

test('ES modules import CommonJS files of the app and of linked packages as under node', async () => {
  const files = {
    'package.json': '{ "type": "module" }',
    'src/main.js': `import legacy, { one, two } from './legacy.cjs'
      import * as all from './legacy.cjs'
      import linked, { named } from '../packages/linked/index.js'
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      console.log('result ' + JSON.stringify({
        legacy, one, two, all: Object.keys(all).sort(), linked, named,
        same: require('./legacy.cjs') === legacy, main: legacy.main, hidden: 'hidden' in all,
      }))
      if (process.argv[2]) setInterval(() => {}, 1e9)`,
    'src/legacy.cjs': 'exports.one = 1; exports.two = 010; exports.main = require.main === module',
    'packages/linked/package.json': '{ "name": "linked" }',
    'packages/linked/index.js':
      'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = "inner"; exports.named = "n"',
  }
  const app = await startApp(files, { entry: 'src/main.js', args: ['go on'] })
  const printed = await app.line(/^result /)
  expect(`${printed}\n`).toBe(printedByNode(app.project, 'src/main.js'))
  app.project.edit('src/legacy.cjs', '010', '011')
  await app.line(/restarted: src\/legacy\.cjs changed \(loaded natively\)/)
  await app.line(/"two":9/)
})

test('a CommonJS file that lacks an imported name is named as node names it', async () => {
  const { line } = await startApp(
    {
      'src/main.mts': "import { nope } from './legacy.cjs'\nconsole.log(nope)",
      'src/legacy.cjs': 'exports.one = 1',
    },
    { entry: 'src/main.mts' },
  )
  await line(/Named export 'nope' not found\. The requested module '.*legacy\.cjs' is a CommonJS module/)
})

test('TypeScript that compiles to CommonJS is CommonJS: import = require, export =, .cts', async () => {
  const { result, project, line } = await startApp({
    'src/main.ts': `import cfg = require('./cfg')
      import extra = require('./extra.cts')
      const late = (): typeof import('./late') => require('./late')
      console.log('result ' + JSON.stringify({
        main: require.main === module && module.id, n: cfg.n, extra, kind: cfg.kind(), late: late().late, dir: __dirname.length > 0,
      }))
      export = cfg`,
    'src/cfg.ts': "enum Kind { A = 'a' }\nconst cfg = { n: 1, kind: (): string => Kind.A }\nexport = cfg",
    'src/extra.cts': "import type { Late } from './late'\nexport = { extra: true as Late | true }",
    'src/late.ts':
      "import { base } from './base.js'\nexport type Late = false\nexport const late: string = 'late ' + base",
    'src/base.ts': "export const base = 'base'",
  })
  expect(await result()).toEqual({ main: '.', n: 1, extra: { extra: true }, kind: 'a', late: 'late base', dir: true })
  project.edit('src/cfg.ts', 'n: 1', 'n: 2')
  await line(/restarted: src\/cfg\.ts changed \(loaded natively\)/)
  await line(/"n":2/)
  project.edit('src/base.ts', "'base'", "'new base'")
  await line(/late new base/)
})

test('a stack names the line of a CommonJS file in TypeScript', async () => {
  const { line } = await startApp({
    'src/main.ts': "interface A {\n  a: 1\n}\nconst fail = require('./fail') as () => A\nfail()",
    'src/fail.cts': "interface B {\n  b: 1\n}\nmodule.exports = (): B => {\n  throw new Error('failed')\n}",
    'package.json': '{}',
  })
  await line(/Error: failed/)
  await line(/src\/fail\.cts:5:9/)
  await line(/src\/main\.ts:5:1/)
})

test('a linked package that is CommonJS outside of the root is watched', async () => {
  const project = createProject({
    'package.json': '{ "workspaces": ["app", "packages/*"] }',
    'app/package.json': '{}',
    'app/src/main.ts': "import { v } from 'linked'\nconsole.log('runs ' + v)\nsetInterval(() => {}, 1e9)",
    'packages/linked/package.json': '{ "name": "linked" }',
    'packages/linked/index.js': "exports.v = require('./v')",
    'packages/linked/v.js': "module.exports = 'v1'",
  })
  mkdirSync(project.path('node_modules'))
  symlinkSync('../packages/linked', project.path('node_modules/linked'))
  const { line, server } = await startServer(project.path('app'), { entry: 'src/main.ts' })
  await line(/^runs v1/)
  await until(
    () => server.watcher.getWatched()[project.path('packages/linked')]?.includes('v.js'),
    'v.js to be watched',
  )
  project.edit('packages/linked/v.js', 'v1', 'v2')
  await line(/restarted: .*packages\/linked\/v\.js changed \(loaded natively\)/)
  await line(/^runs v2/)
})

test('a script that uses nothing of CommonJS is a module of Vite: plugins see its imports, and it is updated', async () => {
  const project = createProject({
    'entry.mjs': `import './script.js'; export const values = () => globalThis.values; import.meta.hot.accept('./script.js')`,
    'script.js': `globalThis.values = [import('virtual:data'), 1] // no "require" in this module`,
  })
  const data = {
    name: 'data',
    resolveId: (id: string) => (id === 'virtual:data' ? `\0${id}` : undefined),
    load: (id: string) => (id === '\0virtual:data' ? 'export const n = 5' : undefined),
  }
  const server = await startServer(project.root, { attach: true }, { plugins: [data] })
  const { runner, line } = await attach(server, project.root)
  const { values } = await runner.import('/entry.mjs')
  const [imported] = values()
  expect((await imported).n).toBe(5)
  project.edit('script.js', ', 1', ', 2')
  await line(/hot updated: \/script\.js via \/entry\.mjs/)
  expect(values()[1]).toBe(2)
})

test('an attached runner runs CommonJS files that it does not have, and gets none that Vite may not serve', async () => {
  const outside = createProject({ 'outside.cjs': "exports.secret = 'secret'" })
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/main.ts': "import { one } from './one.cjs'\nexport const answer: number = one",
    'src/one.cjs': 'exports.one = 010; exports.file = __filename',
  })
  const server = await startServer(project.root, { attach: true }, { server: { fs: { allow: [project.root] } } })
  const elsewhere = createProject({})
  const { runner } = await attach(server, elsewhere.root)
  expect((await runner.import('/src/main.ts')).answer).toBe(8)
  expect((await runner.import('/src/one.cjs')).file).toBe(elsewhere.path('src/one.cjs'))
  await expect(runner.import(`/@fs${outside.path('outside.cjs')}`)).rejects.toThrow(/may not serve/)
})
