import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { openSession } from '../../../src/client/link/open-session.ts'
import { connect } from '../../../src/client/runner/connect.ts'
import { run } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { runnerFunctions } from '../../support/session.ts'
import { attach, startServer } from '../../support/tether.ts'

const client = new URL('../../../dist/client.js', import.meta.url).href
const KiB = 1024

const APP = {
  'both.ts': `
    import { text } from './text.ts'
    export const seen = [text]
    import.meta.hot?.accept('./text.ts', (next) => { seen.push(next.text); say(next.text) })
    const say = (what) => process.env.WHO && console.log(process.env.WHO, what)
  `,
  'text.ts': "export const text = 'one'",
  'other.ts': 'export const other = 1',
}

test('runners of one process have ids, modules and events of their own', async () => {
  const project = createProject(APP)
  const server = await startServer(project.root, { attach: true })
  const first = await attach(server, project.root, { name: 'worker' })
  const second = await attach(server, project.root, { name: 'worker' })
  const ids = server.hub.runners.map(({ id }) => id)
  expect(ids).toEqual([`worker#${process.pid}`, `worker#${process.pid}-2`])
  expect([first.runner.id, second.runner.id]).toEqual(ids)

  const a = await first.runner.import('/both.ts')
  await second.runner.import('/other.ts')
  expect((await second.runner.import('/both.ts')).seen).not.toBe(a.seen)
  const reports: [string, string][] = []
  server.hub.on('update:applied', ({ id }, { outcome }) => reports.push([id, outcome]))
  const done = Promise.all([first.applied(), second.applied()])
  project.edit('text.ts', 'one', 'two')
  await done
  await expect
    .poll(() => reports.sort())
    .toEqual([
      [ids[0], 'updated'],
      [ids[1], 'updated'],
    ])

  // what only one holds concerns only that one
  const [changed] = await Promise.all([
    second.applied(),
    Promise.resolve().then(() => project.edit('other.ts', '1', '2')),
  ])
  expect(changed).toMatchObject({ outcome: 'reloaded' })
  expect(first.lines.filter((line) => line.includes('program reload'))).toEqual([])

  const left = once(server.hub, 'runner:disconnect')
  await first.runner.close()
  expect((await left)[0]).toMatchObject({ id: ids[0], state: 'ended' })
  expect(server.hub.runners.map(({ id }) => id)).toEqual([ids[1]])
})

test('one is answered, or all are told', async () => {
  const project = createProject({
    'main.ts': `
      export const heard = []
      import.meta.hot.on('said', (data) => heard.push(data))
      export const ask = (name) => import.meta.hot.send('ask', name)
    `,
  })
  const server = await startServer(project.root, { attach: true })
  const { hot } = server.server.environments.ssr!
  hot.on('ask', (name, client) => client.send('said', `only ${name}`))
  const modules = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => (await attach(server, project.root, { name })).runner.import('/main.ts')),
  )
  modules[1].ask('b')
  await expect.poll(() => modules[1].heard).toEqual(['only b'])
  hot.send('said', 'all')
  await expect.poll(() => modules.map(({ heard }) => heard)).toEqual([['all'], ['only b', 'all'], ['all']])
})

/** Programs that invite what they start. Each says what its runners say. */
const PARENTS = {
  'a thread': `
    import { Worker, isMainThread, threadId } from 'node:worker_threads'
    import { connect } from ${JSON.stringify(client)}
    const runner = await connect({ name: isMainThread ? 'main' : 'started' })
    if (isMainThread) new Worker(new URL(import.meta.url), { env: { ...process.env, ...runner.invite(), WHO: 'started' } })
    process.env.WHO ??= 'main'
    await runner.import('/both.ts')
    console.log(process.env.WHO, 'has no token:', process.env.TETHER_TOKEN === undefined)
    setInterval(() => {}, 1000)
  `,
  'a cluster worker': `
    import cluster from 'node:cluster'
    import { connect } from ${JSON.stringify(client)}
    const runner = await connect({ name: cluster.isPrimary ? 'main' : 'started' })
    if (cluster.isPrimary) cluster.fork({ ...runner.invite(), WHO: 'started' })
    process.env.WHO ??= 'main'
    await runner.import('/both.ts')
    console.log(process.env.WHO, 'has no token:', process.env.TETHER_TOKEN === undefined)
    setInterval(() => {}, 1000)
  `,
}

test.each(Object.entries(PARENTS))('%s that is invited is a runner of its own', async (_what, program) => {
  const project = createProject({ ...APP, 'parent.mjs': program })
  const { hub } = await startServer(project.root, { attach: true })
  const { url, token } = hub.attach!
  const { WHO: _, ...inherited } = process.env
  const parent = run(process.execPath, [project.path('parent.mjs')], {
    cwd: project.root,
    env: { ...inherited, TETHER_URL: url, TETHER_TOKEN: token },
  })
  onTestFinished(() => parent.end())
  for (const who of ['main', 'started']) await parent.match(new RegExp(`^${who} has no token: true$`, 'm'))
  expect(hub.runners.map(({ name }) => name).sort()).toEqual(['main', 'started'])
  expect(new Set(hub.runners.map(({ id }) => id)).size).toBe(2)
  project.edit('text.ts', 'one', 'two')
  for (const who of ['main', 'started']) await parent.match(new RegExp(`^${who} two$`, 'm'))
})

test('fifty attached runners each get every update, in order', async () => {
  const project = createProject(APP)
  const server = await startServer(project.root, { attach: true })
  const quiet = { info() {}, debug() {}, error() {} }
  const { url, token } = server.hub.attach!
  const runners = await Promise.all(
    Array.from({ length: 50 }, (_, n) => connect({ url, token, root: project.root, name: `r${n}`, logger: quiet })),
  )
  onTestFinished(async () => {
    await Promise.all(runners.map((runner) => runner.close()))
  })
  const modules = await Promise.all(runners.map((runner) => runner.import('/both.ts')))
  expect(new Set(server.hub.runners.map(({ id }) => id)).size).toBe(50)
  const texts = ['two', 'three', 'four', 'five', 'six']
  for (const [n, text] of texts.entries()) {
    project.write('text.ts', `export const text = '${text}'`)
    const expected = ['one', ...texts.slice(0, n + 1)]
    await expect
      .poll(() => modules.every(({ seen }) => seen.length === expected.length), { timeout: 20_000 })
      .toBe(true)
    for (const { seen } of modules) expect(seen).toEqual(expected)
  }
  expect(server.hub.runners.every(({ lastUpdate }) => lastUpdate?.outcome === 'updated')).toBe(true)
}, 60_000)

test('an idle session costs less than 200 KiB, on both sides together', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const { hub } = await startServer(createProject(APP).root, { attach: true })
  const { url, token } = hub.attach!
  const open = () =>
    Promise.all(
      Array.from({ length: 50 }, async () => {
        const session = await openSession({ url, secret: token, kind: 'attached', functions: runnerFunctions() })
        await session.rpc.init({ name: 'idle', kind: 'attached', pid: 1, host: 'h', root: '/' })
        onTestFinished(() => session.close())
        await session.rpc.fetch('/both.ts')
      }),
    )
  const used = () => {
    gc()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  // what the first ones make, code and buffers, is there for all
  await open()
  const before = used()
  await open()
  const perSession = (used() - before) / 50
  console.log(`an idle session: ${(perSession / KiB).toFixed(1)} KiB`)
  expect(perSession).toBeLessThan(200 * KiB)
})
