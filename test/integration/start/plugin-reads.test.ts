/** Whatever a plugin has looked at, in whichever way, counts when the next start asks if what is kept is current. */
import { mkdirSync, rmSync, symlinkSync, utimesSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { prove } from '../../../src/shared/kept-start.ts'
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
import { closeSync, constants, copyFileSync, openSync, readSync, readFileSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { loadEnv } from 'vite'
function readOpened(file, flags) {
  const handle = openSync(file, flags)
  const buffer = Buffer.alloc(8)
  const length = readSync(handle, buffer, 0, 8, 0)
  closeSync(handle)
  return buffer.toString('utf8', 0, length)
}
export default (word) => {
  let server
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
      const told = [
        word, statSync('read/size').size, (await stat('read/time')).mtimeMs, statSync('read/kind').isDirectory(),
        readFileSync('read/copy', 'utf8'), readOpened('read/plus', 'a+'), readOpened('read/both', constants.O_RDWR),
        readFileSync('node_modules/linked/data', 'utf8'), loadEnv('', 'read', '').SAID,
      ]
      return code.replace('TOLD', JSON.stringify(told.join()))
    },
  }
}`,
  'read/size': 'x',
  'read/time': '',
  'read/kind': '',
  'read/copied': 'copied',
  'read/copy': 'copied',
  'read/plus': 'plus',
  'read/both': 'both',
  'read/.env': 'SAID=env',
  'linked/package.json': '{ "name": "linked" }',
  'linked/data': 'data',
  'asked/own.ts': 'export default 1 as number',
  'asked/client.ts': 'export default 1 as number',
}

const time: UndoableChange = (project) => {
  const at = project.path('read/time')
  utimesSync(at, 1, 1)
  return () => utimesSync(at, 2, 2)
}

const kind: UndoableChange = (project) => {
  const at = project.path('read/kind')
  rmSync(at)
  mkdirSync(at)
  return () => {
    rmSync(at, { recursive: true })
    project.write('read/kind', '')
    utimesSync(at, 2, 2)
  }
}

const resize: UndoableChange = (project) => {
  project.write('read/size', 'xy')
  return () => {
    project.write('read/size', 'x')
    utimesSync(project.path('read/size'), 2, 2)
  }
}

/** Changes that are made while nothing runs, and undone again; each changes what the plugin says. */
const changes: [what: string, change: UndoableChange][] = [
  ['the size of a file', resize],
  ['the time of a file', time],
  ['a file that is a folder now', kind],
  ['a file that is copied', edit('read/copied', 'copied', 'other')],
  ['a file that is opened to be appended and read', edit('read/plus', 'plus', 'other')],
  ['a file that is opened to be read and written', edit('read/both', 'both', 'other')],
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
  for (const file of ['size', 'time', 'kind']) utimesSync(project.path(`read/${file}`), 2, 2)
  await settle(project)
  const index = indexOf(project)
  for (const [what, change] of changes) {
    const undo = change(project)
    expect(() => prove(index), what).toThrow(/is not what it was/)
    undo()
    expect(() => prove(index), what).not.toThrow()
  }
})
