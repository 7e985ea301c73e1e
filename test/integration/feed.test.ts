import { createServer, type DevEnvironment } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { createFeed } from '../../src/server/changes.ts'
import { createTetherEnvironment } from '../../src/server/environment.ts'
import { createRecords, type Records } from '../../src/server/records.ts'
import type { Change, FetchAnswer } from '../../src/shared/types.ts'
import { createProject, type Project } from '../support/project.ts'

const ignore = { init() {}, listen() {}, close() {}, send() {} }

/** Records of a real Vite over a project, and what a feed over them has sent. */
async function start(files: Record<string, string>, records: (real: Records) => () => Promise<Records> = asTheyAre) {
  const project = createProject(files)
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    // the tests say what was saved
    server: { middlewareMode: true, ws: false, watch: null },
    environments: {
      ssr: { dev: { createEnvironment: (name, config) => createTetherEnvironment(name, config, ignore) } },
    },
  })
  onTestFinished(() => server.close())
  const environment = server.environments.ssr
  const sent: Change[] = []
  const feed = createFeed('test', records(createRecords(environment)), (change) => sent.push(change))
  return { project, sent, feed, save: saver(project, environment) }
}

const asTheyAre = (real: Records) => async () => real

/** Writes a file and tells Vite, as its watcher would. Returns the module's id. */
function saver(project: Project, { moduleGraph }: DevEnvironment) {
  return (file: string, content: string): string => {
    project.write(file, content)
    const id = project.path(file)
    const node = moduleGraph.getModuleById(id)
    if (node) moduleGraph.invalidateModule(node, new Set(), Date.now() + 1, true)
    return id
  }
}

const modulesOf = (answer: FetchAnswer) => {
  if ('external' in answer) throw new Error('expected modules')
  return answer.modules
}
const urls = (change: Pick<Change, 'modules'>) => change.modules.map(({ url }) => url).sort()

const CHAIN = {
  'a.ts': "import { b } from './b.ts'\nexport const a = b",
  'b.ts': "import { c } from './c.ts'\nexport const b = c",
  'c.ts': 'export const c = 1',
}

test('a comparison brings what differs and nothing else, and what is equal is not sent with the next save either', async () => {
  const { feed, sent, save } = await start(CHAIN)
  const held = Object.fromEntries(
    modulesOf(await feed.fetch('/a.ts', undefined, undefined)).map(({ id, hash }) => [id, hash]),
  )
  expect(Object.keys(held)).toHaveLength(3)
  const c = save('c.ts', 'export const c = 2')
  const change = await feed.compare(held)
  expect(urls(change)).toEqual(['/c.ts'])
  expect(change.failed).toEqual([])
  save('c.ts', 'export const c = 3')
  feed.save([c])
  await expect.poll(() => sent.map(urls)).toEqual([['/c.ts']])
  expect(sent[0]!.seq).toBeGreaterThan(change.seq)
})

test('a comparison without a difference is empty', async () => {
  const { feed } = await start(CHAIN)
  const held = Object.fromEntries(
    modulesOf(await feed.fetch('/a.ts', undefined, undefined)).map(({ id, hash }) => [id, hash]),
  )
  expect(await feed.compare(held)).toMatchObject({ modules: [], seeds: [], failed: [] })
})

test('what is announced but gone or broken is told, and its correction too', async () => {
  const { feed, sent, save } = await start(CHAIN)
  const held = Object.fromEntries(
    modulesOf(await feed.fetch('/a.ts', undefined, undefined)).map(({ id, hash }) => [id, hash]),
  )
  const c = save('c.ts', 'export const c = = 2')
  const change = await feed.compare(held)
  expect(change).toMatchObject({ modules: [], seeds: [c], failed: [{ id: c }] })
  save('c.ts', 'export const c = 3')
  feed.save([c])
  await expect.poll(() => sent).toMatchObject([{ seeds: [c], modules: [{ id: c }] }])
})

test('once messages are lost nothing is told until the runner compares', async () => {
  const { feed, sent, save } = await start(CHAIN)
  await feed.fetch('/a.ts', undefined, undefined)
  feed.lost()
  const c = save('c.ts', 'export const c = 2')
  feed.save([c])
  expect(feed.size).toBe(0)
  expect(await feed.compare({ [c]: 'the hash of something else' })).toMatchObject({ modules: [{ id: c }] })
  expect(feed.size).toBe(1)
  expect(sent).toEqual([])
})

test('what does not fit into one message is not taken for held: the runner is told to drop it, and gets it when it asks', async () => {
  const large = (n: number) => `export const text = ${JSON.stringify('x'.repeat(3 * 1024 * 1024))} + ${n}`
  const files = { 'all.ts': "import './a.ts'\nimport './b.ts'", 'a.ts': large(0), 'b.ts': large(0) }
  const { feed, sent, save } = await start(files)
  // the module that is asked for comes first
  expect(urls({ modules: modulesOf(await feed.fetch('/all.ts', undefined, undefined)) })).toContain('/all.ts')
  await feed.fetch('/a.ts', undefined, undefined)
  await feed.fetch('/b.ts', undefined, undefined)
  expect(feed.size).toBe(3)
  const saved = [save('a.ts', large(1)), save('b.ts', large(1))]
  feed.save(saved)
  await expect.poll(() => sent, { timeout: 5_000 }).toHaveLength(1)
  const { modules, stale, seeds } = sent[0]!
  expect([...modules.map(({ id }) => id), ...stale!].sort()).toEqual(saved)
  expect(seeds).toEqual(expect.arrayContaining(stale!))
  expect(feed.size).toBe(2)
  const again = modulesOf(await feed.fetch(stale![0]!, undefined, undefined))
  expect(again).toMatchObject([{ id: stale![0], code: expect.stringContaining('+ 1') }])
})

test('a server that is closed while it is asked does not answer; the next one does', async () => {
  const closed = Object.assign(new Error('closed'), { code: 'ERR_CLOSED_SERVER' })
  /** Servers that are about to be closed, each asked once. */
  const closing: ((real: Records) => Records)[] = []
  const refusing = (real: Records): Records => ({
    ...real,
    fetch: () => Promise.reject(closed),
    collect: async (ids) => ({
      modules: [],
      failed: [...ids].map((id) => ({ id, url: id, error: { name: 'Error', message: '', code: closed.code } })),
    }),
  })
  const { feed, sent, save } = await start(CHAIN, (real) => async () => closing.shift()?.(real) ?? real)
  closing.push(refusing)
  expect(modulesOf(await feed.fetch('/a.ts', undefined, undefined))).toHaveLength(3)
  // the first is waited for before a batch is taken, the second is asked for it
  closing.push((real) => real, refusing)
  const c = save('c.ts', 'export const c = 2')
  feed.save([c])
  await expect.poll(() => sent.map(urls)).toContainEqual(['/c.ts'])
  expect(sent.flatMap(({ failed }) => failed)).toEqual([])
})
