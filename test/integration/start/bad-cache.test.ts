/** A cache folder that cannot be used, or holds what nobody has written like that: the app starts with the code of now, as if there were none. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { cli, createApp, STORE, startOnce } from '../../support/kept-start.ts'
import type { Project } from '../../support/project.ts'

// each starts the command several times
vi.setConfig({ testTimeout: 90_000 })

const say = (value: string) => `export const value: string = '${value}'\n`

const createSaying = () =>
  createApp({
    'src/main.ts': "import { value } from './value.ts'\nconsole.log('app ' + value)\n",
    'src/value.ts': say('one'),
  })

/** A project with a start that is kept and used. */
async function createKept(): Promise<Project> {
  const project = createSaying()
  expect(await startOnce(project)).toMatchObject({ kept: 2 })
  return project
}

const files = (project: Project, kind: RegExp) =>
  readdirSync(project.path(STORE))
    .filter((file) => kind.test(file))
    .map((file) => project.path(`${STORE}/${file}`))

const INDEX = /^start-[\da-f]{32}$/
const CODE = /\.code$/
const MAPS = /\.maps$/

/** What a power cut, a full disk or a bad one leaves of a file. */
const damages: [what: string, damage: (file: string) => void][] = [
  ['is empty', (file) => truncateSync(file)],
  ['is cut off', (file) => truncateSync(file, readFileSync(file).length - 1)],
  ['is cut in two', (file) => truncateSync(file, readFileSync(file).length >> 1)],
  ['is all zeros', (file) => writeFileSync(file, Buffer.alloc(readFileSync(file).length))],
  [
    'has another byte',
    (file) =>
      writeFileSync(
        file,
        readFileSync(file).map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
      ),
  ],
  ['is gone', (file) => rmSync(file)],
  [
    'is a link to nothing',
    (file) => {
      rmSync(file)
      symlinkSync('/nowhere/at/all', file)
    },
  ],
]

test.each(damages)('an index or a code that %s is as none, and is written anew', async (_, damage) => {
  const project = await createKept()
  for (const kind of [INDEX, CODE]) {
    files(project, kind).forEach(damage)
    expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 0, kept: 2 })
    expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 2, kept: 0 })
  }
  // they only place the lines of a stack
  files(project, MAPS).forEach(damage)
  expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 2, kept: 0 })
})

/** Other things in the place of the cache folder; `isLost`: nothing can be written there. */
const places: [what: string, isLost: boolean, replace: (folder: string, elsewhere: string) => void][] = [
  ['a file', true, (folder) => writeFileSync(folder, '')],
  ['a link to nothing', true, (folder, elsewhere) => symlinkSync(elsewhere, folder)],
  ['a link to itself', true, (folder) => symlinkSync(folder, folder)],
  [
    'a link to an empty folder',
    false,
    (folder, elsewhere) => {
      mkdirSync(elsewhere)
      symlinkSync(elsewhere, folder)
    },
  ],
]

test.each(places)('%s in the place of the folder is as none', async (_, isLost, replace) => {
  const project = await createKept()
  for (const folder of [STORE, 'node_modules/.vite']) {
    rmSync(project.path(folder), { recursive: true, force: true })
    replace(project.path(folder), project.path(`elsewhere-${folder.length}`))
    for (const value of [folder, 'one']) {
      project.write('src/value.ts', say(value))
      expect(await startOnce(project)).toEqual({ says: [`app ${value}`], begun: 0, kept: isLost ? 0 : 2 })
    }
    if (!isLost) expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 2, kept: 0 })
    rmSync(project.path(folder))
  }
})

test('a link to the folder, elsewhere, is the folder', async () => {
  const project = await createKept()
  renameSync(project.path('node_modules/.vite'), project.path('elsewhere'))
  symlinkSync(project.path('elsewhere'), project.path('node_modules/.vite'))
  expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 2, kept: 0 })
})

test.each([
  ['the past', 1],
  ['the future', 4_000_000_000],
])('times in %s tell nothing', async (_, time) => {
  const project = await createKept()
  const stamp = () => {
    for (const path of [...files(project, /./), ...['src/main.ts', 'src/value.ts'].map(project.path)])
      utimesSync(path, time, time)
  }
  stamp()
  expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 2, kept: 0 })
  project.write('src/value.ts', say('two'))
  stamp()
  expect(await startOnce(project)).toEqual({ says: ['app two'], begun: 0, kept: 2 })
  stamp()
  expect(await startOnce(project)).toEqual({ says: ['app two'], begun: 2, kept: 0 })
})

test('a copy of the project, and what is moved to its place, has its own', async () => {
  const project = await createKept()
  const copy = createSaying()
  rmSync(copy.root, { recursive: true })
  cpSync(project.root, copy.root, { recursive: true })
  copy.write('src/value.ts', say('copy'))
  expect(await startOnce(copy)).toEqual({ says: ['app copy'], begun: 0, kept: 2 })
  expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 2, kept: 0 })
  rmSync(project.root, { recursive: true })
  renameSync(copy.root, project.root)
  expect(await startOnce(project)).toEqual({ says: ['app copy'], begun: 0, kept: 2 })
})

test('starts at once leave one that is whole', async () => {
  const project = await createKept()
  project.write('src/value.ts', say('two'))
  const started = await Promise.all([1, 2, 3].map(() => startOnce(project)))
  expect(started.map(({ says }) => says)).toEqual([['app two'], ['app two'], ['app two']])
  expect(await startOnce(project)).toEqual({ says: ['app two'], begun: 2, kept: 0 })
  expect(files(project, /./)).toHaveLength(3)
})

/** Starts the app in a shell, after `before`. */
function startAfter(before: string, project: Project, flags: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `${before}; exec "$@"`, 'sh', process.execPath, cli, '--once', ...flags, 'src/main.ts'],
    { cwd: project.root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', NODE_ENV: undefined } },
  )
  return { status, stdout, stderr }
}

test.skipIf(process.platform === 'win32')(
  'where the disk is full after a few bytes the app runs, and nothing is said',
  async () => {
    const project = await createKept()
    project.write('src/value.ts', say('two'))
    expect(startAfter('ulimit -f 1', project)).toEqual({ status: 0, stdout: 'app two\n', stderr: '' })
    expect(files(project, /-\d+$/)).toEqual([])
    expect(await startOnce(project)).toEqual({ says: ['app two'], begun: 0, kept: 2 })
  },
)

// root may write everywhere
test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  'a folder that is read-only is used as long as it is current',
  async () => {
    const project = await createKept()
    chmodSync(project.path(STORE), 0o555)
    onTestFinished(() => chmodSync(project.path(STORE), 0o755))
    expect(await startOnce(project)).toEqual({ says: ['app one'], begun: 2, kept: 0 })
    project.write('src/value.ts', say('two'))
    expect(startAfter(':', project)).toEqual({ status: 0, stdout: 'app two\n', stderr: '' })
    const cleared = startAfter(':', project, ['--clear-cache'])
    expect(cleared).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/cannot remove .*EACCES/) })
  },
)

test('`--clear-cache` says what it cannot remove', async () => {
  const project = createSaying()
  project.write('node_modules/.vite', '')
  const { status, stdout, stderr } = startAfter(':', project, ['--clear-cache'])
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(/^\[vite-tether\] Error: --clear-cache cannot remove \S+vite-tether \(.+--no-cache\.\n$/)
})
