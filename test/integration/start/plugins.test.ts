/** With a config that may do anything a start is used once two server processes have made the same, while all that they have read is what it was. */
import { rmSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { prove } from '../../../src/shared/kept-start.ts'
import { add, edit, relink, type UndoableChange } from '../../support/changes.ts'
import { createApp, indexOf, startOnce } from '../../support/kept-start.ts'
import type { Project } from '../../support/project.ts'

const say = (value: string) => `export const value: string = '${value}'\n`

/** Starts until the app has begun with what is kept: by the third start, as two server processes must agree. */
async function settle(project: Project, says: string, modules: number): Promise<void> {
  expect(await startOnce(project)).toEqual({ says: [`app ${says}`], begun: 0, kept: 0 })
  expect(await startOnce(project)).toEqual({ says: [`app ${says}`], begun: 0, kept: modules })
  expect(await startOnce(project)).toEqual({ says: [`app ${says}`], begun: modules, kept: 0 })
}

const CONFIG = `
import { readFileSync, readdirSync } from 'node:fs'
import { banner } from './plugins/banner.ts'
import words from 'words'
import linked from 'linked'
export default ({ mode }) => ({
  define: { SAID: JSON.stringify(process.env.SAID + mode), TEXT: JSON.stringify(readFileSync('said.txt', 'utf8').trim()) },
  plugins: [
    banner({ option: 1 }),
    words(),
    linked(),
    {
      name: 'virtual',
      resolveId: (id) => (id === 'virtual:list' ? '\\0virtual:list' : undefined),
      load(id) {
        if (id === '\\0virtual:list') return 'export const list = ' + JSON.stringify(readdirSync('list'))
      },
    },
  ],
})
`

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': `import { list } from 'virtual:list'\nimport { value } from './a'\nconsole.log('app ' + [value, SAID, TEXT, BANNER, WORDS, LINKED, list.length].join(' '))\n`,
  'src/a.ts': say('a'),
  'list/one.yaml': '',
  'said.txt': 'text',
  'banner.txt': 'banner',
  'vite.config.ts': CONFIG,
  'plugins/banner.ts': `
import { readFile } from 'node:fs/promises'
import { fileOf } from './file'
export const banner = ({ option }: { option: number }) => ({
  name: 'banner',
  async transform(code: string, id: string) {
    if (!id.endsWith('main.ts')) return
    return code.replace('BANNER', JSON.stringify((await readFile(fileOf(), 'utf8')).trim() + option))
  },
})`,
  'plugins/file.ts': "export const fileOf = () => 'banner.txt'",
  'node_modules/words/package.json':
    '{ "name": "words", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/words/index.js':
    "export default () => ({ name: 'words', enforce: 'pre', transform: (code) => code.replace('WORDS', `'words'`) })",
  'linked/package.json': '{ "name": "linked", "type": "module", "exports": "./index.js" }',
  'linked/index.js': "export { default } from './plugin.js'",
  'linked/plugin.js':
    "export default () => ({ name: 'linked', transform: (code) => code.replace('LINKED', `'linked'`) })",
}

/** Changes that are made while nothing runs, and undone again; each may shape the code. */
const changes: [what: string, change: UndoableChange][] = [
  ['a plugin beside the config', edit('plugins/banner.ts', 'option))', 'option + 1))')],
  ['a file that it imports', edit('plugins/file.ts', 'banner.txt', 'said.txt')],
  ['a file that is found before that', add('plugins/file.js')],
  ['a file that the config reads', edit('said.txt', 'text', 'other')],
  ['a file that a plugin reads', edit('banner.txt', 'banner', 'other')],
  ['a folder that a plugin reads', add('list/two.yaml')],
  ['the version of a plugin', edit('node_modules/words/package.json', '1.0.0', '1.0.1')],
  ['a plugin that is linked', edit('linked/plugin.js', "'linked'", "'other'")],
  ['the target of its link', relink('node_modules/linked', 'node_modules/words')],
  ['a module', edit('src/a.ts', "'a'", "'b'")],
  ['a lockfile', add('package-lock.json')],
]

test('a start with plugins is used from the third time on, and never with another input', async () => {
  const project = createApp(FILES)
  symlinkSync(project.path('linked'), project.path('node_modules/linked'))
  await settle(project, 'a undefineddevelopment text banner1 words linked 1', 3)
  const index = indexOf(project)
  for (const [what, change] of changes) {
    const undo = change(project)
    expect(() => prove(index), what).toThrow(/is not what it was/)
    undo()
    prove(index)
  }
  // what the key has: a variable that the config reads, its own text, and what it says to a plugin
  const env = { SAID: 'shell' }
  const says = 'app a shelldevelopment text banner1 words linked 1'
  expect(await startOnce(project, [], env)).toEqual({ says: [says], begun: 0, kept: 0 })
  project.edit('vite.config.ts', 'option: 1', 'option: 2')
  const other = 'app a undefineddevelopment text banner2 words linked 1'
  expect(await startOnce(project)).toEqual({ says: [other], begun: 0, kept: 0 })
  // what it reads has changed between two starts
  project.write('banner.txt', 'changed')
  await settle(project, 'a undefineddevelopment text changed2 words linked 1', 3)
})

test('after an edit the next start is used if no plugin has touched that module, and else once two have made the same of it', async () => {
  const project = createApp({
    'src/main.ts': `import { value } from './a.ts'\nconsole.log('app ' + value + SAID)\n`,
    'src/a.ts': say('a'),
    'vite.config.ts': `export default { plugins: [{ name: 'p', transform: (code, id) => id.endsWith('main.ts') ? code.replace('SAID', '1') : null }] }`,
  })
  // then Vite writes its bundle of the config beside that
  rmSync(project.path('node_modules'), { recursive: true })
  await settle(project, 'a1', 2)
  project.write('src/a.ts', say('b'))
  expect(await startOnce(project)).toEqual({ says: ['app b1'], begun: 0, kept: 2 })
  expect(await startOnce(project)).toEqual({ says: ['app b1'], begun: 2, kept: 0 })
  project.edit('src/main.ts', 'value +', "value + ' ' +")
  await settle(project, 'b 1', 2)
})

/** A plugin that is installed, so that nobody looks into its text. */
function installed(code: string): Record<string, string> {
  return {
    'src/main.ts': "console.log('app ' + SAID)\n",
    'vite.config.ts': "import plugin from 'plugin'\nexport default { plugins: [plugin()] }",
    'node_modules/plugin/package.json':
      '{ "name": "plugin", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
    'node_modules/plugin/index.js': code,
  }
}

const plugin = (body: string) => `export default () => ({ name: 'plugin', async transform(code) { ${body} } })`
const says = (value: string) => `return code.replace('SAID', JSON.stringify(${value}))`

test('a plugin that does not make the same code each time is waited for, until it is another one', async () => {
  const project = createApp(installed(plugin(says('process.hrtime.bigint().toString()'))))
  const seen = new Set<string>()
  for (let start = 1; start <= 4; start++) {
    const { says, begun, kept } = await startOnce(project)
    expect({ begun, kept }).toEqual({ begun: 0, kept: 0 })
    seen.add(says[0]!)
  }
  expect(seen.size).toBe(4)
  project.write('node_modules/plugin/index.js', plugin(says("'said'")))
  project.edit('node_modules/plugin/package.json', '1.0.0', '1.0.1')
  await settle(project, 'said', 1)
})

test.each<[what: string, code: string]>([
  ['starts a process', `import { execSync } from 'node:child_process'\n${plugin(says("String(execSync('echo x'))"))}`],
  [
    'starts a thread',
    `import { Worker } from 'node:worker_threads'\n${plugin(`new Worker('', { eval: true }); ${says("'x'")}`)}`,
  ],
  [
    'opens a socket',
    `import { connect } from 'node:net'\n${plugin(`connect(9, '127.0.0.1').on('error', () => {}); ${says("'x'")}`)}`,
  ],
  ['asks for the date', plugin(says('new Date().getFullYear()'))],
  ['asks for chance', plugin(says('Math.random() < 2'))],
  ['loads native code', `${plugin(`try { process.dlopen({ exports: {} }, '/none.node') } catch {} ${says("'x'")}`)}`],
])('where a plugin %s nothing is kept', async (_, code) => {
  const project = createApp(installed(code))
  for (const _start of [1, 2])
    expect(await startOnce(project)).toMatchObject({ begun: 0, kept: 0, says: [expect.any(String)] })
})

test.each<[what: string, config: string]>([
  ['a clock', `export default { define: { SAID: JSON.stringify(new Date().getFullYear()) } }`],
  ['chance', `export default { define: { SAID: JSON.stringify(Math.random() < 2) } }`],
  [
    'the machine',
    `import { hostname } from 'node:os'\nexport default { define: { SAID: JSON.stringify(hostname()) } }`,
  ],
])('where the config reads %s nothing is kept', async (_, config) => {
  const project = createApp({ 'src/main.ts': "console.log('app ' + SAID)\n", 'vite.config.ts': config })
  for (const _start of [1, 2])
    expect(await startOnce(project)).toMatchObject({ begun: 0, kept: 0, says: [expect.any(String)] })
})

/** Chance that a plugin asks for while it is loaded. */
const chance = (code: string) => `
import { randomBytes } from 'node:crypto'
const marks = [1, 2].map(() => randomBytes(8).toString('hex') + Math.random())
${plugin(says(code))}`

test('a plugin may ask for chance while it is loaded', async () => {
  await settle(createApp(installed(chance("marks.join('x').split('x').length"))), '2', 1)
})

test.each<[what: string, code: string]>([
  ['has got into the code', 'marks[0]'],
  ['is asked for again', 'marks.length + Math.floor(Math.random())'],
])('nothing is kept where chance that a plugin asks for while it is loaded %s', async (_, code) => {
  const project = createApp(installed(chance(code)))
  for (const _start of [1, 2, 3])
    expect(await startOnce(project)).toMatchObject({ begun: 0, kept: 0, says: [expect.any(String)] })
})

test('a config that asks an installed package for chance while it is loaded itself is another matter', async () => {
  const project = createApp({
    ...installed(`export const toss = () => Math.random() < 2\n${plugin(says("'x'"))}`),
    'vite.config.ts':
      "import plugin, { toss } from 'plugin'\nconst SAID = String(toss())\nexport default { plugins: [plugin()], define: { SAID } }",
  })
  for (const _start of [1, 2]) expect(await startOnce(project)).toMatchObject({ begun: 0, kept: 0 })
})

test('with `resolve.dedupe` what lies at the root counts as well', async () => {
  const dep = (at: string) => ({
    [`${at}/package.json`]: '{ "name": "dep", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
    [`${at}/index.js`]: `export const value = '${at}'`,
  })
  const project = createApp({
    'src/main.ts': "import { value } from 'dep'\nconsole.log('app ' + value)\n",
    'vite.config.ts': "export default { resolve: { dedupe: ['dep'] }, ssr: { noExternal: ['dep'] } }",
    ...dep('src/node_modules/dep'),
    'linked/keep': '',
    ...dep('linked'),
  })
  symlinkSync(project.path('linked'), project.path('node_modules/dep'))
  expect(await startOnce(project)).toEqual({ says: ['app linked'], begun: 0, kept: 2 })
  expect(await startOnce(project)).toEqual({ says: ['app linked'], begun: 2, kept: 0 })
  relink('node_modules/dep', 'src/node_modules/dep')(project)
  expect(() => prove(indexOf(project))).toThrow(/node_modules\/dep is not what it was/)
  expect(await startOnce(project)).toMatchObject({ says: ['app src/node_modules/dep'], begun: 0 })
})
