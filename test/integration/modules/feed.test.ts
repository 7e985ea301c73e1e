import { setImmediate } from 'node:timers/promises'
import type { DevEnvironment } from 'vite'
import { expect, test, vi } from 'vitest'
import { createFeed } from '../../../src/server/modules/feed.ts'
import { createRecords, type Records } from '../../../src/server/modules/records.ts'
import type { Change, FetchAnswer, ModuleRecord } from '../../../src/shared/types.ts'
import { fakeGlobals } from '../../support/clock.ts'
import { createProject, type Project } from '../../support/project.ts'
import { startEnvironment } from '../../support/records.ts'

/** Records of a real Vite over a project, and what a feed over them has sent. */
async function start(
  files: Record<string, string>,
  records: (real: Records) => () => Promise<Records> = asTheyAre,
  room = async () => {},
  waits = false,
) {
  const project = createProject(files)
  const environment = await startEnvironment(project.root, null)
  const sent: Change[] = []
  const streamed: ModuleRecord[] = []
  const batches: number[] = []
  const feed = createFeed('test', records(createRecords(environment)), {
    change: (change) => sent.push(change),
    failed: (error) => {
      throw error
    },
    modules(records) {
      streamed.push(...records)
      batches.push(records.length)
    },
    room,
    waits,
  })
  return { project, sent, streamed, batches, feed, save: saver(project, environment) }
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
  const held = Object.fromEntries(modulesOf(await feed.fetch('/a.ts')).map(({ id, hash }) => [id, hash]))
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
  const held = Object.fromEntries(modulesOf(await feed.fetch('/a.ts')).map(({ id, hash }) => [id, hash]))
  expect(await feed.compare(held)).toMatchObject({ modules: [], seeds: [], failed: [] })
})

test('what is announced but gone or broken is told, and its correction too', async () => {
  const { feed, sent, save } = await start(CHAIN)
  const held = Object.fromEntries(modulesOf(await feed.fetch('/a.ts')).map(({ id, hash }) => [id, hash]))
  const c = save('c.ts', 'export const c = = 2')
  const change = await feed.compare(held)
  expect(change).toMatchObject({ modules: [], seeds: [c], failed: [{ id: c }] })
  save('c.ts', 'export const c = 3')
  feed.save([c])
  await expect.poll(() => sent).toMatchObject([{ seeds: [c], modules: [{ id: c }] }])
})

test('once messages are lost nothing is told until the runner compares', async () => {
  const { feed, sent, save } = await start(CHAIN)
  await feed.fetch('/a.ts')
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
  const { feed, sent, streamed, save } = await start(files)
  await feed.fetch('/all.ts')
  expect(urls({ modules: streamed })).toEqual(['/a.ts', '/all.ts', '/b.ts'])
  expect(feed.size).toBe(3)
  const saved = [save('a.ts', large(1)), save('b.ts', large(1))]
  feed.save(saved)
  await expect.poll(() => sent, { timeout: 5_000 }).toHaveLength(1)
  const { modules, stale, seeds } = sent[0]!
  expect([...modules.map(({ id }) => id), ...stale!].sort()).toEqual(saved)
  expect(seeds).toEqual(expect.arrayContaining(stale!))
  expect(feed.size).toBe(2)
  await feed.fetch(stale![0]!)
  expect(streamed.at(-1)).toMatchObject({ id: stale![0], code: expect.stringContaining('+ 1') })
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
  expect(modulesOf(await feed.fetch('/a.ts'))).toHaveLength(3)
  // the first is waited for before a batch is taken, the second is asked for it
  closing.push((real) => real, refusing)
  const c = save('c.ts', 'export const c = 2')
  feed.save([c])
  await expect.poll(() => sent.map(urls)).toContainEqual(['/c.ts'])
  expect(sent.flatMap(({ failed }) => failed)).toEqual([])
})

/** `main.ts` and 199 modules that it imports. */
function manyModules(): Record<string, string> {
  const names = Array.from({ length: 199 }, (_, n) => `m${n}`)
  return {
    'main.ts': names.map((name) => `import './${name}.ts'`).join('\n'),
    ...Object.fromEntries(names.map((name) => [`${name}.ts`, `export const ${name} = 1`])),
  }
}

test('a standby gets a change when the app is done with its own, or its turn has come, or the app takes its time', async () => {
  const asked = vi.fn()
  const counted = (real: Records) => async () => {
    asked()
    return real
  }
  const { feed, sent, save } = await start(CHAIN, counted, undefined, true)
  await feed.fetch('/a.ts')
  const clock = fakeGlobals('setTimeout', 'clearTimeout')
  const ways = [() => feed.hurry(), () => feed.catchUp('/a.ts'), () => clock.advance(200)]
  for (const [count, goOn] of ways.entries()) {
    asked.mockClear()
    feed.save([save('c.ts', `export const c = ${count + 2}`)])
    await setImmediate()
    expect(asked).not.toHaveBeenCalled()
    void goOn()
    await expect.poll(() => sent.map(urls)).toHaveLength(count + 1)
  }
})

test('a large graph is sent in batches before the answer, which brings the rest: each module once', async () => {
  const { feed, streamed, batches } = await start(manyModules())
  const rest = modulesOf(await feed.fetch('/main.ts'))
  expect(batches).toEqual([64, 64, 64])
  expect(rest).toHaveLength(8)
  expect(new Set([...streamed, ...rest].map(({ id }) => id)).size).toBe(200)
  expect(modulesOf(await feed.fetch('/main.ts'))).toEqual([])
})

test('no batch follows while the runner does not take those before it, nor after messages were lost', async () => {
  const opened: (() => void)[] = []
  const room = () => new Promise<void>((resolve) => opened.push(resolve))
  const { feed, batches } = await start(manyModules(), asTheyAre, room)
  const answer = feed.fetch('/main.ts')
  await expect.poll(() => opened).toHaveLength(1)
  expect(batches).toEqual([])
  opened[0]!()
  await expect.poll(() => opened).toHaveLength(2)
  expect(batches).toEqual([64])
  feed.lost()
  opened[1]!()
  await expect.poll(() => opened).toHaveLength(3)
  opened[2]!()
  expect(modulesOf(await answer)).toEqual([])
  expect(batches).toEqual([64])
  expect(feed.size).toBe(0)
})

test('a graph that has failed fails again until it is corrected, although some of it is held', async () => {
  const { feed, save } = await start({ ...manyModules(), 'm7.ts': 'export const m7 = = 1' })
  await expect(feed.fetch('/main.ts')).rejects.toThrow()
  await expect(feed.fetch('/main.ts')).rejects.toThrow()
  const m7 = save('m7.ts', 'export const m7 = 1')
  expect(modulesOf(await feed.fetch('/main.ts')).map(({ id }) => id)).toContain(m7)
})
