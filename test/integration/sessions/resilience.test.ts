import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { connect } from '../../../src/client/runner/connect.ts'
import { freePort } from '../../support/child.ts'
import { repeatable, seeded } from '../../support/flaky.ts'
import { createProject } from '../../support/project.ts'
import { startServer as startSessions } from '../../support/session.ts'
import { attach, startServer } from '../../support/tether.ts'
import { attachThroughProxy } from '../../support/through-proxy.ts'
import { startRunnerProcess } from '../../support/told.ts'

const FILE = 'test/integration/sessions/resilience.test.ts'

/** Modules that accept themselves, and one that holds what they share. */
const many = (count: number) => ({
  'main.ts': `${Array.from({ length: count }, (_, i) => `import './m${i}.ts'`).join('\n')}
    export { live } from './store.ts'`,
  'store.ts': 'export const live = {}',
  ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}.ts`, selfAccepting(i, 0)])),
})
const selfAccepting = (i: number, value: number) =>
  `import { live } from './store.ts'\nlive.m${i} = ${value}\nimport.meta.hot.accept()`

test('50 saves made while the link is down are all live when it is back, each reported, without a resync', async () => {
  const project = createProject(many(50))
  const server = await startServer(project.root, { attach: true })
  const proxied = await attachThroughProxy(server, project.root)
  const { live } = await proxied.runner.import('/main.ts')
  const reported = new Set<string>()
  server.hub.on('update:applied', (_, { updates }) => {
    for (const { accepted } of updates) reported.add(accepted)
  })
  const expected: Record<string, number> = {}
  await proxied.whileDown(() => {
    for (let i = 0; i < 50; i++) {
      expected[`m${i}`] = i + 1
      project.write(`m${i}.ts`, selfAccepting(i, i + 1))
    }
  })
  await expect.poll(() => live, { timeout: 5_000 }).toEqual(expected)
  await expect.poll(() => reported.size).toBe(50)
  expect(proxied.resyncs).toBe(0)
})

test('more than an outbox holds is one resync, after which the app is up to date and updated as before', async () => {
  const project = createProject(many(3))
  const server = await startServer(project.root, { attach: true })
  const proxied = await attachThroughProxy(server, project.root)
  const { live } = await proxied.runner.import('/main.ts')
  const resynced: unknown[] = []
  server.hub.on('runner:resync', ({ name }) => resynced.push(name))
  const changed = new Promise((resolve) => server.server.watcher.once('change', resolve))
  await proxied.whileDown(async () => {
    for (let n = 0; n < 5_000; n++) server.server.environments.ssr.hot.send('n', n)
    project.write('m1.ts', selfAccepting(1, 7))
    await changed
  })
  await expect.poll(() => live).toMatchObject({ m1: 7 })
  expect(proxied.resyncs).toBe(1)
  expect(resynced).toHaveLength(1)
  project.write('m2.ts', selfAccepting(2, 8))
  await expect.poll(() => live).toEqual({ m0: 0, m1: 7, m2: 8 })
})

test('a module whose answer is cut off arrives with the code that is current by then, and can be imported again', async () => {
  const project = createProject({ 'slow.ts': 'export const n = 1', 'next.ts': 'export const n = 2' })
  let release = (): void => {}
  let asked = (): void => {}
  const wasAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = {
    name: 'slow',
    async transform(_code: string, id: string) {
      if (!id.endsWith('slow.ts')) return
      asked()
      await gate
    },
  }
  const server = await startServer(project.root, { attach: true }, { plugins: [slow] })
  const proxied = await attachThroughProxy(server, project.root)
  const importing = proxied.runner.import('/slow.ts')
  await wasAsked
  const saved = new Promise((resolve) => server.server.watcher.once('change', resolve))
  await proxied.whileDown(async () => {
    project.write('slow.ts', 'export const n = 10')
    await saved
    release()
  })
  await importing
  await expect.poll(async () => (await proxied.runner.import('/slow.ts')).n).toBe(10)
  expect((await proxied.runner.import('/next.ts')).n).toBe(2)
})

test('64 imports that are under way when the link is cut all settle, once, with the right module', async () => {
  const seed = Number(process.env.SEED ?? 27)
  await repeatable(seed, FILE, async () => {
    const random = seeded(seed)
    const names = Array.from({ length: 64 }, (_, i) => `m${i}.ts`)
    const runs = `globalThis.runs = (globalThis.runs ?? 0) + 1`
    const project = createProject(
      Object.fromEntries(names.map((name, i) => [name, `${runs}\nexport const value = ${i}`])),
    )
    const server = await startServer(project.root, { attach: true })
    const proxied = await attachThroughProxy(server, project.root)
    Object.assign(globalThis, { runs: 0 })
    const cut = proxied.proxy.whenCut()
    proxied.proxy.cutAfter(500 + random.below(8_000), 'rst')
    const modules = await Promise.all(names.map((name) => proxied.runner.import(`/${name}`)))
    await cut
    expect(modules.map(({ value }) => value)).toEqual(names.map((_, i) => i))
    expect((globalThis as { runs?: number }).runs).toBe(64)
    expect(await proxied.runner.import('/m5.ts')).toBe(modules[5])
  })
})

test('whatever the moment, a module that is saved while it is fetched ends up as it is on disk', async () => {
  const seed = Number(process.env.SEED ?? 29)
  const count = process.env.TETHER_FAULTS === 'all' ? 1_000 : 60
  await repeatable(seed, FILE, async () => {
    const random = seeded(seed)
    const names = Array.from({ length: count }, (_, i) => `m${i}.ts`)
    const project = createProject(Object.fromEntries(names.map((name) => [name, 'export const value = "old"'])))
    const turns = async (most: number) => {
      for (let n = random.below(most); n > 0; n--) await new Promise((resolve) => setImmediate(resolve))
    }
    const slowly = { name: 'slowly', transform: () => turns(20) }
    const server = await startServer(project.root, { attach: true }, { plugins: [slowly] })
    const { runner } = await attach(server, project.root)
    const value = async (name: string) => (await runner.import(`/${name}`)).value
    for (let from = 0; from < count; from += 20) {
      const some = names.slice(from, from + 20)
      await Promise.all(
        some.map(async (name) => {
          const fetched = value(name)
          await turns(30)
          project.write(name, 'export const value = "new"')
          await fetched
        }),
      )
      for (const name of some) await expect.poll(() => value(name), { timeout: 5_000 }).toBe('new')
    }
  })
}, 120_000)

test('a server that is killed and started again finds its runner as it was, and tells it only what changed', async () => {
  const project = createProject({
    ...many(2),
    'main.ts': `import './m0.ts'\nimport './m1.ts'\nexport { live } from './store.ts'\nexport const started = performance.now()`,
  })
  const port = await freePort()
  const options = { attach: { port, token: 'the same for both servers' } }
  const first = await startServer(project.root, options)
  const { runner } = await attach(first, project.root)
  const { live, started } = await runner.import('/main.ts')
  live.mine = 'state'
  const down = once(runner, 'disconnect')
  await first.server.close()
  await down
  project.write('m1.ts', selfAccepting(1, 9))
  const resynced = once(runner, 'resync')
  const second = await startServer(project.root, options)
  const [{ pid }] = (await once(second.hub, 'runner:resync')) as [{ pid: number }]
  expect(pid).toBe(process.pid)
  await resynced
  expect(live).toEqual({ m0: 0, m1: 9, mine: 'state' })
  expect((await runner.import('/main.ts')).started).toBe(started)
  project.write('m0.ts', selfAccepting(0, 3))
  await expect.poll(() => live.m0).toBe(3)
})

test('a server that goes away again while the runner compares costs one more comparison and nothing else', async () => {
  const project = createProject(many(2))
  const port = await freePort()
  const options = { attach: { port, token: 'the same for all servers' } }
  let asked = (): void => {}
  const comparing = new Promise<void>((resolve) => {
    asked = resolve
  })
  let release = (): void => {}
  const gone = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined)
  })
  const stuck = {
    name: 'stuck',
    transform() {
      asked()
      return gone
    },
  }
  const first = await startServer(project.root, options)
  const { runner, lines } = await attach(first, project.root)
  const { live } = await runner.import('/main.ts')
  await first.server.close()
  project.write('m1.ts', selfAccepting(1, 9))
  const second = await startServer(project.root, options, { plugins: [stuck] })
  await comparing
  const closed = second.server.close()
  release()
  await closed
  const third = await startServer(project.root, options)
  await once(runner, 'resync')
  await expect.poll(() => live).toEqual({ m0: 0, m1: 9 })
  project.write('m0.ts', selfAccepting(0, 3))
  await expect.poll(() => live.m0).toBe(3)
  expect(third.hub.runners).toMatchObject([{ state: 'connected' }])
  expect(lines.filter((line) => /error|out of date/i.test(line))).toEqual([])
})

test('a comparison that fails is not kept quiet', async () => {
  const lines: string[] = []
  const first = await startSessions()
  const where = { at: 'tcp', host: '127.0.0.1', port: Number(new URL(first.url).port) } as const
  const { url, secret } = first
  const logger = { info() {}, error: (line: string) => lines.push(line) }
  const runner = await connect({ url, token: secret, logger })
  onTestFinished(() => runner.close())
  const down = once(runner, 'disconnect')
  await first.close()
  await down
  const compare = () => Promise.reject(new Error('nothing to compare with'))
  const second = await startSessions({ where, secret, functions: () => ({ compare }) })
  onTestFinished(() => second.close())
  await expect.poll(() => lines).toHaveLength(1)
  expect(lines[0]).toMatch(/could not be compared .*nothing to compare with/s)
})

test.each([
  ['has nothing more to do', 'ends', { code: 0, signal: null }],
  ['throws', 'throws', { code: 1, signal: null }],
  ['exits', 'exits', { code: 3, signal: null }],
])('an attached process that %s leaves the server at once, and ends as it would without us', async (_, MODE, how) => {
  const project = createProject({ 'main.ts': 'export const n = 1' })
  const at = { root: project.root, port: await freePort(), token: 'a token of this test' }
  const { hub } = await startServer(project.root, { attach: { port: at.port, token: at.token } })
  const connected = once(hub, 'runner:connect')
  const child = await startRunnerProcess(at, { ENTRY: '/main.ts', MODE })
  await connected
  expect(await child.exited).toEqual(how)
  await expect.poll(() => hub.runners).toEqual([])
})

test('a module is transformed, it is saved, its slow neighbour lets the answer go: it ends up as it is on disk', async () => {
  const project = createProject({
    'main.ts': "export { fast } from './fast.ts'\nexport { slow } from './slow.ts'",
    'fast.ts': 'export const fast = 1',
    'slow.ts': 'export const slow = 1',
  })
  let release = (): void => {}
  const gate = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined)
  })
  const held = { name: 'held', transform: (_code: string, id: string) => (id.endsWith('slow.ts') ? gate : undefined) }
  const server = await startServer(project.root, { attach: true }, { plugins: [held] })
  const { runner } = await attach(server, project.root)
  const importing = runner.import('/main.ts')
  const { moduleGraph } = server.server.environments.ssr
  const fast = () => moduleGraph.getModuleById(project.path('fast.ts'))
  await expect.poll(() => fast()?.transformResult).not.toBeFalsy()
  const { lastHMRTimestamp } = fast()!
  project.write('fast.ts', 'export const fast = 2')
  await expect.poll(() => fast()!.lastHMRTimestamp).toBeGreaterThan(lastHMRTimestamp)
  release()
  await importing
  await expect.poll(async () => (await runner.import('/main.ts')).fast).toBe(2)
})
