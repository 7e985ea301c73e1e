/** A kept start is used by the next one only while all that has shaped it is what it was. */
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readKeptCode } from '../../../src/client/start/kept-code.ts'
import { keptFiles, prove, readIndex } from '../../../src/shared/kept-start.ts'
import { add, edit, relink, type UndoableChange } from '../../support/changes.ts'
import { createApp, indexOf, STORE, startOnce } from '../../support/kept-start.ts'

const say = (value: string) => `export const value: string = '${value}'\n`
/** As the command and the app's process do. */
const readAll = (path: string) => readKeptCode({ path, digest: prove(path) })
const main = (specifier: string) => `import { value } from '${specifier}'\nconsole.log('app ' + value)\n`

test('an app that is started again begins with what the last start has left, and one that was edited with its new code', async () => {
  const project = createApp({
    'src/main.ts': `${main('./a')}import('./late.ts').then(({ value }) => console.log('app ' + value))\n`,
    'src/a.ts': "import data from './data.json' with { type: 'json' }\nexport const value = data.value\n",
    'src/data.json': '{ "value": "a" }',
    'src/late.ts': say('old'),
  })
  expect(await startOnce(project)).toEqual({ says: ['app a', 'app old'], begun: 0, kept: 4 })
  // what an app writes beside its code changes nothing
  project.write('src/app.log', 'x')
  expect(await startOnce(project)).toEqual({ says: ['app a', 'app old'], begun: 4, kept: 0 })
  // equally long and as old as before
  const { atime, mtime } = statSync(project.path('src/late.ts'))
  project.write('src/late.ts', say('new'))
  utimesSync(project.path('src/late.ts'), atime, mtime)
  const both = await Promise.all([startOnce(project), startOnce(project)])
  for (const each of both) expect(each).toMatchObject({ says: ['app a', 'app new'], begun: 0 })
  expect(await startOnce(project)).toMatchObject({ says: ['app a', 'app new'], begun: 4 })
  expect(await startOnce(project, ['--no-cache'])).toMatchObject({ says: ['app a', 'app new'], begun: 0, kept: 0 })
  expect(await startOnce(project, ['--clear-cache'])).toMatchObject({ says: ['app a', 'app new'], begun: 0, kept: 4 })
  // former texts are removed
  expect(readdirSync(project.path(STORE)).filter((file) => file.startsWith('start-'))).toHaveLength(3)
})

test('with other flags, another mode or environment nothing of the last start is used', async () => {
  const project = createApp({
    'package.json': '{ "type": "module", "imports": { "#a": { "special": "./src/b.ts", "default": "./src/a.ts" } } }',
    'src/main.ts':
      "import { value } from '#a'\nconst { VITE_SAID, MODE } = import.meta.env\nconsole.log('app ' + [VITE_SAID, MODE, value].join(' '))\n",
    'src/a.ts': say('usual'),
    'src/b.ts': say('special'),
    '.env': 'VITE_SAID=file',
    '.env.staging': 'VITE_SAID=staging',
  })
  const usual = ['app file development usual']
  expect(await startOnce(project)).toMatchObject({ says: usual, kept: 2 })
  const others: [flags: string[], env: NodeJS.ProcessEnv, says: string][] = [
    [['--mode', 'staging'], {}, 'staging staging usual'],
    [[], { VITE_SAID: 'shell', NODE_OPTIONS: '--conditions=special' }, 'shell development special'],
  ]
  for (const [flags, env, says] of others) {
    expect(await startOnce(project, flags, env)).toMatchObject({ says: [`app ${says}`], begun: 0 })
  }
  // one does not take the place of another
  expect(await startOnce(project)).toMatchObject({ says: usual, begun: 2 })
})

test('with a config that is its text and nothing else a start is used by the next one', async () => {
  const project = createApp({ 'src/main.ts': main('#a'), 'src/a.ts': say('a'), 'src/b.ts': say('b') })
  const config = (code: string) => project.write('vite.config.ts', code)
  const alias = (file: string) =>
    `export default { resolve: { alias: { '#a': import.meta.dirname + '/src/${file}' } } }`
  config(alias('b.ts'))
  expect(await startOnce(project)).toMatchObject({ says: ['app b'], begun: 0, kept: 2 })
  expect(await startOnce(project)).toMatchObject({ says: ['app b'], begun: 2 })
  config(alias('a.ts'))
  expect(await startOnce(project)).toMatchObject({ says: ['app a'], begun: 0, kept: 2 })
})

const TSCONFIG =
  '{ "extends": ["./config/base", "preset/strict.json"], /* c */ "references": [{ "path": "./other" }], }'

/** Changes that are made while nothing runs, and undone again; each may shape the code. */
const changes: [what: string, change: UndoableChange][] = [
  ['a source', edit('src/a.ts', "'a'", "'b'")],
  ['a file of an extension that comes first', add('src/a.js')],
  ['a file beside a folder', add('src/lib.ts')],
  ['the package.json of a folder', add('src/lib/package.json', '{ "main": "other.ts" }')],
  ['a nearer package.json', add('src/package.json', '{ "type": "commonjs" }')],
  ['type of package.json', edit('package.json', 'module', 'commonjs')],
  ['imports of package.json', edit('package.json', './src/own.ts', './src/a.ts')],
  ['tsconfig.json', edit('tsconfig.json', '/* c */', '')],
  ['a nearer tsconfig.json', add('src/tsconfig.json', '{}')],
  ['a file that it extends', edit('config/base.json', '.././paths/*', '../*')],
  ['a package that it extends', edit('node_modules/preset/strict.json', 'true', 'false')],
  ['a project that it refers to', edit('other/tsconfig.json', '{}', '{ }')],
  ['the first of several paths', add('first/by-path.ts')],
  ['the source of a linked package', edit('linked/index.ts', "'linked'", "'other'")],
  ['exports of a linked package', edit('linked/package.json', './index.ts', './other.ts')],
  ['the file for a condition of a linked package', add('linked/dist/index.js')],
  ['the target of a link', relink('node_modules/linked', 'installed')],
  ['a package that is linked from now on', relink('node_modules/installed', 'linked')],
  ['a nearer package', add('src/node_modules/installed/package.json', '{}')],
  ['package.json of a package', edit('node_modules/installed/package.json', '1.0.0', '1.0.1')],
  ['.env', edit('.env', 'file', 'other')],
  ['a nearer .env', add('.env.local')],
  ['.env of the mode', add('.env.development')],
  ['a config', add('vite.config.ts')],
  ['a lockfile', edit('package-lock.json', '{}', '{ }')],
  ['another lockfile', add('pnpm-lock.yaml')],
  ['what is installed', add('node_modules/.package-lock.json')],
  ['the index', damage((index) => index)],
  ['the code', damage((index) => keptFiles(index, textsOf(index)).code)],
]

test('a change of each thing that shapes code is seen before code runs', async () => {
  const project = createApp({
    'package.json': '{ "type": "module", "imports": { "#own": "./src/own.ts" } }',
    'src/main.ts': [
      ...['./a', './lib', '#own', '@/by-path', 'linked', 'installed'].map((specifier) => main(specifier)),
      'console.log(import.meta.env.VITE_SAID)',
    ]
      .map((code, index) =>
        code.replaceAll('value', `value${index}`).replace(`{ value${index}`, `{ value as value${index}`),
      )
      .join('\n'),
    'src/a.ts': say('a'),
    'src/lib/index.ts': say('lib'),
    'src/own.ts': say('own'),
    'paths/by-path.ts': say('path'),
    'linked/package.json':
      '{ "name": "linked", "type": "module", "exports": { "x": "./dist/index.js", "default": "./index.ts" } }',
    'linked/index.ts': say('linked'),
    'linked/other.ts': say('other'),
    'node_modules/installed/package.json':
      '{ "name": "installed", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
    'node_modules/installed/index.js': "export const value = 'installed'",
    'node_modules/preset/package.json': '{ "name": "preset" }',
    'node_modules/preset/strict.json': '{ "compilerOptions": { "strict": true } }',
    'tsconfig.json': TSCONFIG,
    'config/base.json': '{ "compilerOptions": { "paths": { "@/*": ["../first/*", "../paths/*"] } } }',
    'other/tsconfig.json': '{}',
    'package-lock.json': '{}',
    '.env': 'VITE_SAID=file',
  })
  project.edit('config/base.json', '../paths', '.././paths')
  symlinkSync(project.path('linked'), project.path('node_modules/linked'))
  expect(await startOnce(project)).toEqual({
    says: ['a', 'lib', 'own', 'path', 'linked', 'installed'].map((value) => `app ${value}`),
    begun: 0,
    kept: 6,
  })
  const index = indexOf(project)
  expect(readAll(index).records).toHaveLength(6)
  for (const [what, change] of changes) {
    const undo = change(project)
    expect(() => readAll(index), what).toThrow(/is not what it was|is damaged/)
    undo()
    expect(readAll(index).records, what).toHaveLength(6)
  }
  for (const file of readdirSync(project.path(STORE))) project.write(`${STORE}/${file}`, 'garbage\n\0{')
  expect(await startOnce(project)).toMatchObject({ begun: 0, kept: 6 })
})

test('JSX, decorators and a package that is CommonJS by default are kept as well', async () => {
  const project = createApp({
    'package.json': '{}',
    'tsconfig.json':
      '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true, "jsxImportSource": "own" } }',
    'src/main.ts':
      "import { page } from './page.tsx'\nfunction log(target: Function) { console.log('app ' + target.name + page) }\n@log class Main {}\nexport { Main }\n",
    'src/page.tsx': 'export const page = <p>text</p>\n',
    'node_modules/own/package.json': '{ "name": "own", "type": "module", "exports": { "./*": "./index.js" } }',
    'node_modules/own/index.js':
      "export const jsx = (tag) => ' ' + tag\nexport const jsxs = jsx\nexport const jsxDEV = jsx",
  })
  expect(await startOnce(project)).toEqual({ says: ['app Main p'], begun: 0, kept: expect.any(Number) })
  const next = await startOnce(project)
  expect(next).toMatchObject({ says: ['app Main p'], kept: 0 })
  expect(next.begun).toBeGreaterThan(1)
})

test.each<[what: string, code: string]>([
  ['a list of files', "console.log('app ' + Object.keys(import.meta.glob('./*.ts')).length)\n"],
  ['a file as text', "import text from './a.ts?raw'\nconsole.log('app ' + text.length)\n"],
  ['a file that Node runs', "import a from './a.cjs'\nconsole.log('app ' + a.length)\n"],
])('with %s among the modules nothing is kept', async (_, code) => {
  const project = createApp({ 'src/main.ts': code, 'src/a.ts': say('a'), 'src/a.cjs': "module.exports = 'a'\n" })
  expect(await startOnce(project)).toMatchObject({ says: [expect.any(String)], begun: 0, kept: 0 })
})

test('where nothing can be written the app is started as ever', async () => {
  const project = createApp({ 'src/main.ts': main('./a'), 'src/a.ts': say('a') })
  // a file where the folder should be: root may write everywhere
  mkdirSync(project.path('node_modules/.vite'))
  writeFileSync(project.path(STORE), '')
  expect(await startOnce(project)).toMatchObject({ says: ['app a'], begun: 0, kept: 0 })
})

function damage(fileOf: (index: string) => string): UndoableChange {
  return (project) => {
    const file = fileOf(indexOf(project))
    const content = readFileSync(file)
    writeFileSync(file, content.subarray(0, -10))
    return () => writeFileSync(file, content)
  }
}

function textsOf(index: string): { code: string; map: string } {
  return readIndex(index).texts
}
