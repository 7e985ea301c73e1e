/** Whatever a plugin has looked at, in whichever way, counts when the next start asks if what is kept is current. */
import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { prove, readIndex } from '../../../src/shared/kept-start.ts'
import { stillTrue } from '../../../src/shared/util/file-proof.ts'
import { add, edit, type UndoableChange } from '../../support/changes.ts'
import { createApp, indexOf, startOnce } from '../../support/kept-start.ts'
import type { Project } from '../../support/project.ts'

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': `import served from 'virtual:served'
import { names } from './names/all.ts'
console.log('app ' + [TOLD, served, names.length].join(' '))
`,
  'src/names/all.ts': "export const names: string[] = ['a']\n",
  'vite.config.ts': `import plugin from 'plugin'\nconst { word } = await import(\`./word\`)\nexport default { plugins: [plugin(word)] }`,
  'word.ts': "export const word = 'word'\n",
  'node_modules/plugin/package.json':
    '{ "name": "plugin", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/plugin/index.js': `
import {
  accessSync, closeSync, constants, copyFileSync, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, readFileSync,
  realpathSync, statSync, writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { stat } from 'node:fs/promises'
import { loadEnv } from 'vite'
function readOpened(file, flags) {
  const handle = openSync(file, flags)
  const buffer = Buffer.alloc(8)
  const length = readSync(handle, buffer, 0, 8, 0)
  closeSync(handle)
  return buffer.toString('utf8', 0, length)
}
function isThere(ask) {
  try { return ask() ?? true } catch { return false }
}
export default (word) => {
  let server
  const require = createRequire(process.cwd() + '/index.js')
  return {
    name: 'plugin',
    configureServer(given) { server = given },
    resolveId: (id) => id === 'virtual:served' ? '\\0' + id : undefined,
    async load(id) {
      if (id !== '\\0virtual:served') return
      const { default: own } = await server.ssrLoadModule('/asked/own.ts')
      const { code } = await server.environments.client.transformRequest('/asked/client.ts')
      return 'export default ' + JSON.stringify([own, code.length].join())
    },
    async transform(code, id) {
      if (!id.endsWith('main.ts')) return
      copyFileSync('read/copied', 'read/copy')
      writeFileSync('made.json', '1')
      const { default: script } = await import(process.cwd() + '/asked/script.cjs')
      const told = [
        word, (await stat('read/time')).mtimeMs, statSync('read/kind').isDirectory(),
        readFileSync('read/copy', 'utf8'), readOpened('read/plus', 'a+'), readOpened('read/both', constants.O_RDWR),
        readFileSync('node_modules/linked/data', 'utf8'), loadEnv('', 'read', '').SAID,
        realpathSync.native('read/native'), readlinkSync('read/link'), isThere(() => lstatSync('read/dangling')),
        readdirSync('read/links'), fstatSync(openSync('read/opened')).mtimeMs, statSync('read/names').nlink,
        isThere(() => accessSync('read/mode', constants.X_OK)), statSync('read/folder').mtimeMs, script,
        isThere(() => require('./asked/optional')), isThere(() => require.resolve('./asked/resolved.yaml')),
      ]
      return code.replace('TOLD', JSON.stringify(told.join()))
    },
  }
}`,
  'read/time': '',
  'read/kind': '',
  'read/copied': 'copied',
  'read/copy': 'copied',
  'read/plus': 'plus',
  'read/both': 'both',
  'read/.env': 'SAID=env',
  ...Object.fromEntries(['names', 'opened', 'mode', 'folder/file', 'one', 'two'].map((name) => [`read/${name}`, ''])),
  'read/links/file': '',
  'made.json': '1',
  'asked/script.cjs': 'module.exports = 1',
  'linked/package.json': '{ "name": "linked" }',
  'linked/data': 'data',
  'asked/own.ts': 'export default 1 as number',
  'asked/client.ts': 'export default 1 as number',
}

/** Replaces a link, if there is one. */
const link =
  (file: string, to: string): UndoableChange =>
  (project) => {
    const at = project.path(file)
    const set = (target: string | undefined) => {
      rmSync(at, { force: true })
      if (target !== undefined) symlinkSync(target, at)
    }
    set(to)
    return () => set(LINKS[file])
  }

const LINKS: Record<string, string> = { 'read/native': 'one', 'read/link': 'one', 'read/links/link': 'none' }

/** Changes of what the stats of a file say, which nobody can undo. */
const stats: [file: string, change: (path: string) => void][] = [
  ['read/time', (path) => utimesSync(path, 1, 1)],
  // opened to be appended and read, and to be read and written
  ['read/plus', (path) => writeFileSync(path, 'other')],
  ['read/both', (path) => writeFileSync(path, 'other')],
  ['read/opened', (path) => utimesSync(path, 1, 1)],
  ['read/names', (path) => linkSync(path, `${path}-too`)],
  ['read/mode', (path) => chmodSync(path, 0o755)],
  [
    'read/kind',
    (path) => {
      rmSync(path)
      mkdirSync(path)
    },
  ],
]

/** Changes that are made while nothing runs, and undone again; each changes what the plugin says. */
const changes: [what: string, change: UndoableChange][] = [
  ['a link, of which Node tells the real path', link('read/native', 'two')],
  ['the text of a link', link('read/link', './one')],
  ['a link to nothing', link('read/dangling', 'nothing')],
  ['a link to nothing in a folder', link('read/links/link', 'nothing')],
  ['the time of a folder', add('read/folder/other')],
  ['a file that it has made', edit('made.json', '1', '2')],
  ['code of its own package', edit('node_modules/plugin/index.js', 'SAID,', 'SAID ,')],
  ['CommonJS that it imports', edit('asked/script.cjs', '1', '2')],
  ['a module that it requires if there is one', add('asked/optional.cjs')],
  ['a file for which it has Node look', add('asked/resolved.yaml')],
  ['a file that is copied', edit('read/copied', 'copied', 'other')],
  ['a file of a linked package, by the path of its link', edit('linked/data', 'data', 'other')],
  ['an env file that Vite reads for it', edit('read/.env', 'env', 'other')],
  ['a module that it has Vite execute', edit('asked/own.ts', '1', '2')],
  ['a module that it has Vite transform for browsers', edit('asked/client.ts', '1', '22')],
  ['a file that is found before one that the config imports by a template', add('word.js', 'export const word = 1')],
]

/** Starts until the app begins with what is kept. */
async function settle(project: Project): Promise<void> {
  for (const begun of [0, 0, 3]) expect(await startOnce(project)).toMatchObject({ begun })
}

test('a change of whatever a plugin has looked at is seen before code runs', async () => {
  const project = createApp(FILES)
  symlinkSync(project.path('linked'), project.path('node_modules/linked'))
  symlinkSync(fileURLToPath(new URL('../../../node_modules/vite', import.meta.url)), project.path('node_modules/vite'))
  for (const [file, to] of Object.entries(LINKS)) symlinkSync(to, project.path(file))
  await settle(project)
  const index = indexOf(project)
  for (const [what, change] of changes) {
    const undo = change(project)
    expect(() => prove(index), what).toThrow(/is not what it was/)
    undo()
    expect(() => prove(index), what).not.toThrow()
  }
  const { proof } = readIndex(index)
  for (const [file, change] of stats) {
    const path = project.path(file)
    const isNoted = () => proof.stats.filter(([at]) => at === path).map((each) => stillTrue('stats', each))
    expect(isNoted(), file).toEqual([true])
    change(path)
    expect(isNoted(), file).toEqual([false])
  }
}, 90_000)
