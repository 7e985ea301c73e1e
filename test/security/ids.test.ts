import { symlinkSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { type ClientSession, openSession } from '../../src/client/link/open-session.ts'
import { createRecords } from '../../src/server/modules/records.ts'
import { flattenError } from '../../src/shared/errors.ts'
import { createProject, type Project } from '../support/project.ts'
import { fetchAll } from '../support/records.ts'
import { runnerFunctions } from '../support/session.ts'
import { startServer, type TestServer } from '../support/tether.ts'

/** In every file that no attached runner may see. */
const SECRET = 'S3CRET-CONTENT'

function createVictim(): Project {
  const project = createProject({
    'app/src/main.ts': 'export const main = 1',
    'app/src/key.pem': SECRET,
    'app/.env': `KEY=${SECRET}`,
    'app/.env.local': `KEY=${SECRET}`,
    'app/.git/config': SECRET,
    'app/keys/server.crt': SECRET,
    'app/odd?.pem': SECRET,
    'outside/note.txt': SECRET,
    'outside/data.json': `{ "key": "${SECRET}" }`,
    'outside/code.ts': `export const key = '${SECRET}'`,
    'outside/broken.ts': `export const key = = '${SECRET}'`,
    'outside/common.cjs': `module.exports = '${SECRET}'`,
    'outside/image.svg': `<svg>${SECRET}</svg>`,
    'outside/style.css': `.a { content: '${SECRET}' }`,
    'application/note.txt': SECRET,
  })
  symlinkSync(project.path('outside'), project.path('app/linked'))
  symlinkSync(project.path('outside/note.txt'), project.path('app/src/linked.txt'))
  symlinkSync(project.path('outside/code.ts'), project.path('app/src/linked.ts'))
  symlinkSync(project.path('app/.env'), project.path('app/src/settings.txt'))
  return project
}

const QUERIES = [
  '',
  '?raw',
  '?url',
  '?inline',
  '?import&raw',
  '?import&raw??',
  '?raw??',
  '?raw&url',
  '?.svg?.wasm?init',
]
const SUFFIXES = [
  ...QUERIES,
  '?raw#.js',
  '#.js',
  '?inline&raw',
  '?raw&inline',
  '?v=1&raw',
  '?vite-wasm-instance',
  '?html-proxy&raw',
]

/** Ways to write the path of a file below the project's folder; `at` is that folder. */
const SPELLINGS: Record<string, (at: string, file: string) => string> = {
  '/@fs/': (at, file) => `/@fs${at}/${file}`,
  '/@fs//': (at, file) => `/@fs/${at}/${file}`,
  absolute: (at, file) => `${at}/${file}`,
  'file://': (at, file) => `file://${at}/${file}`,
  '/@fs/file://': (at, file) => `/@fs/file://${at}/${file}`,
  '/@id/': (at, file) => `/@id/${at}/${file}`,
  '/@id/__x00__': (at, file) => `/@id/__x00__${at}/${file}`,
  'NUL before': (at, file) => `\0${at}/${file}`,
  'NUL after': (at, file) => `/@fs${at}/${file}\0.js`,
  '..': (_at, file) => `/../${file}`,
  'relative ..': (_at, file) => `../${file}`,
  './..': (_at, file) => `./src/../../${file}`,
  '/@fs/ and ..': (at, file) => `/@fs${at}/app/../${file}`,
  '..;': (_at, file) => `/..;/${file}`,
  backslash: (_at, file) => `/..\\${file.replaceAll('/', '\\')}`,
  '%2e%2e': (_at, file) => `/%2e%2e/${file}`,
  '..%2f': (_at, file) => `/..%2f${file}`,
  '%252e': (_at, file) => `/%252e%252e/${file}`,
  'encoded /@fs/': (at, file) => `/@fs${at}/${file.replaceAll('/', '%2f').replaceAll('.', '%2e')}`,
  '/.': (at, file) => `/@fs${at}/${file}/.`,
  '//': (at, file) => `/@fs${at}//${file}`,
  'trailing slash': (at, file) => `/@fs${at}/${file}/`,
  '::$DATA': (at, file) => `/@fs${at}/${file}::$DATA`,
  'other case': (at, file) => `/@fs${at}/${file.toUpperCase()}`,
  UNC: (at, file) => `//localhost${at}/${file}`,
  '8.3': (at, file) => `/@fs${at}/${file.replace(/([^/]{6})[^/.]*(?=\.\w+$)/, '$1~1')}`,
}

const FILES = [
  'app/.env',
  'app/.env.local',
  'app/.git/config',
  'app/keys/server.crt',
  'app/src/key.pem',
  'app/src/settings.txt',
  'app/odd?.pem',
  'app/linked/note.txt',
  'app/linked/code.ts',
  'app/src/linked.txt',
  'app/src/linked.ts',
  'outside/note.txt',
  'outside/data.json',
  'outside/code.ts',
  'outside/broken.ts',
  'outside/common.cjs',
  'outside/image.svg',
  'outside/style.css',
  'application/note.txt',
]

/** Every id of the matrix: file x spelling x suffix, and below the root without its folder. */
function* ids(at: string): Generator<string> {
  for (const file of FILES) {
    for (const suffix of SUFFIXES) {
      for (const spell of Object.values(SPELLINGS)) yield spell(at, file) + suffix
      if (file.startsWith('app/')) for (const url of [file.slice(3), `.${file.slice(3)}`]) yield url + suffix
    }
  }
}

/** All that a runner can get out of the server for an id, as text. */
async function ask(session: ClientSession, id: string, importer?: string): Promise<string> {
  const errors: unknown[] = []
  const caught = (error: unknown) => errors.push(flattenError(error)) && undefined
  const answers = await Promise.all([
    session.rpc.fetch(id, importer).catch(caught),
    session.rpc.fetch(id, importer, true).catch(caught),
    session.rpc.compare({ [id]: 'x', [id.replace(/^\/@fs/, '')]: 'y' }).catch(caught),
  ])
  return JSON.stringify([answers, errors])
}

async function knock({ hub }: TestServer): Promise<ClientSession> {
  const { url, token } = hub.attach!
  const session = await openSession({ url, secret: token, kind: 'attached', functions: runnerFunctions() })
  onTestFinished(() => session.close())
  await session.rpc.init({ name: 'probe', kind: 'attached', pid: 1, host: 'h', root: '/' })
  return session
}

/** Asks for the whole matrix, some at a time. Returns the ids that leaked, and how many were asked for. */
async function probe(session: ClientSession, at: string, importer?: string) {
  const all = [...ids(at)]
  const leaks: string[] = []
  const next = async (): Promise<void> => {
    for (let id = all.pop(); id !== undefined; id = all.pop()) {
      if ((await ask(session, id, importer)).includes(SECRET)) leaks.push(id)
    }
  }
  const count = all.length
  await Promise.all(Array.from({ length: 16 }, next))
  return { leaks, count }
}

for (const [label, config] of [
  ['with links resolved', {}],
  ['with links preserved', { resolve: { preserveSymlinks: true } }],
] as const) {
  test(`files that Vite may not serve do not leak when nobody has asked for them before, ${label}`, async () => {
    const project = createVictim()
    const server = await startServer(project.path('app'), { attach: true }, { ...config, logLevel: 'silent' })
    const { leaks, count } = await probe(await knock(server), project.root)
    expect(leaks).toEqual([])
    expect(count).toBeGreaterThan(5_000)
  }, 120_000)

  test(`files that Vite may not serve do not leak after the server itself has loaded them, ${label}`, async () => {
    const project = createVictim()
    const server = await startServer(project.path('app'), { attach: true }, { ...config, logLevel: 'silent' })
    const { environments } = server.server
    const warm = new Set<string>()
    for (const file of FILES) {
      for (const suffix of QUERIES) {
        const url = `/@fs${project.path(file)}${suffix}`
        await environments.ssr.warmupRequest(url)
        await environments.client.warmupRequest(url)
        await server.server.ssrLoadModule(url).catch(() => {})
        const node = await environments.ssr.moduleGraph.getModuleByUrl(url)
        if (node?.transformResult?.code.includes(SECRET)) warm.add(file)
      }
    }
    // or the test would show nothing
    expect(warm.size).toBeGreaterThanOrEqual(FILES.length - 3)
    const { leaks } = await probe(await knock(server), project.root)
    expect(leaks).toEqual([])
  }, 120_000)
}

const APP = {
  'app/src/main.ts': `
      export { shared } from '../../outside/shared.ts'
      export { virtual } from 'virtual:settings'
    `,
  'app/src/uses-key.ts': `export { default } from './key.pem?raw'`,
  'app/src/key.pem': SECRET,
  'outside/shared.ts': `export const shared = '${SECRET}'`,
}
const virtual = {
  name: 'settings',
  resolveId: (id: string) => (id === 'virtual:settings' ? `\0${id}` : undefined),
  load: (id: string) => (id === '\0virtual:settings' ? 'export const virtual = 2' : undefined),
}

test('files that belong to the app reach attached runners when app code imports them from outside of the root, or a plugin makes them', async () => {
  const project = createProject(APP)
  const server = await startServer(project.path('app'), { attach: true }, { plugins: [virtual] })
  const session = await knock(server)
  expect(await ask(session, '/src/main.ts')).toContain(SECRET)
  expect(await ask(session, 'virtual:settings')).toContain('const virtual = 2')
})

test('files that belong to the app reach supervised runners even from the deny list if app code imports them, and attached runners not', async () => {
  const project = createProject(APP)
  const { server } = await startServer(project.path('app'))
  const records = createRecords(server.environments.ssr!)
  const fetched = async (from: typeof records.attached, id: string) => JSON.stringify(await fetchAll(from, id))
  expect(await fetched(records, '/src/key.pem?raw')).not.toContain(SECRET)
  expect(await fetched(records, '/src/uses-key.ts')).toContain(SECRET)
  const refused = await fetched(records.attached, '/src/uses-key.ts')
  expect(refused).not.toContain(SECRET)
  expect(refused).toContain('server.fs.deny')
})
