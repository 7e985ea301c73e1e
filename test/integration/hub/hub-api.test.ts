/** The hub as an API: nothing hangs, nothing resolves that has not happened, and nothing works after the end. */
import { once } from 'node:events'
import { createServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { getTether, type TetherHub, type TetherOptions, tether } from '../../../src/index.ts'
import { isAlive, until } from '../../support/child.ts'
import { processesIn } from '../../support/example.ts'
import { createProject } from '../../support/project.ts'
import { createLines, startServer } from '../../support/tether.ts'

const ALIVE = 'setInterval(() => {}, 1000)'
const ready = (hub: TetherHub) => once(hub, 'runner:ready')
const silent = { configFile: false, logLevel: 'silent' } as const

test.each(['start', 'restart', 'stop', 'remove', 'restart all'])(
  'after server.close() %s rejects with ERR_CLOSED and starts nothing',
  async (name) => {
    const project = createProject({ 'main.mjs': ALIVE })
    const { server, hub } = await startServer(project.root, { entry: 'main.mjs', cwd: project.root })
    await ready(hub)
    await server.close()
    const calls: Record<string, () => Promise<unknown>> = {
      start: () => hub.start('main.mjs'),
      restart: () => hub.restart('main.mjs'),
      'restart all': () => hub.restart(),
      stop: () => hub.stop('main.mjs'),
      remove: () => hub.remove('main.mjs'),
    }
    await expect(calls[name]!()).rejects.toMatchObject({ name: 'TetherError', code: 'ERR_CLOSED' })
    expect(processesIn(project.root)).toEqual([])
  },
)

test('server.close() while an app is being started or restarted leaves no process, and tells whoever waits', async () => {
  const project = createProject({ 'main.mjs': ALIVE, 'other.mjs': ALIVE })
  const { server, hub } = await startServer(project.root, { entry: 'main.mjs', cwd: project.root })
  await ready(hub)
  const outcomes = Promise.allSettled([hub.start('other.mjs'), hub.restart('main.mjs')])
  await server.close()
  const [started, restarted] = await outcomes
  expect(restarted).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CLOSED' } })
  if (started!.status === 'rejected') expect(started!.reason).toMatchObject({ code: 'ERR_CLOSED' })
  expect(processesIn(project.root)).toEqual([])
})

test('start() before listen() says that it waits, and starts when Vite listens', async () => {
  const project = createProject({ 'main.mjs': ALIVE })
  const output = createLines()
  const logger = {
    info() {},
    warn: output.push,
    warnOnce() {},
    error() {},
    clearScreen() {},
    hasErrorLogged: () => false,
    hasWarned: false,
  }
  const server = await createServer({
    root: project.root,
    configFile: false,
    customLogger: logger,
    plugins: [tether()],
    server: { port: 0 },
  })
  onTestFinished(() => server.close())
  const started = getTether(server).start('main.mjs')
  expect(await output.line(/waits/)).toBe(
    "[vite-tether] hub.start('main.mjs') waits until Vite listens: call server.listen() first, or use server.middlewareMode.",
  )
  await server.listen()
  expect(await started).toBe('main.mjs')
})

test('start() before listen() is told when the server is closed instead', async () => {
  const project = createProject({ 'main.mjs': ALIVE })
  const server = await createServer({ root: project.root, ...silent, plugins: [tether()] })
  const started = getTether(server).start('main.mjs')
  started.catch(() => {})
  await server.close()
  await expect(started).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('restart() of code that cannot start rejects with the reason, and the process goes on', async () => {
  const project = createProject({ 'main.ts': ALIVE })
  const { hub, line } = await startServer(project.root, { entry: 'main.ts' })
  await ready(hub)
  const { pid } = hub.runners[0]!
  expect(hub.runners[0]!.current).toBe(true)
  project.write('main.ts', 'const = 1')
  await line(/transform failed/)
  expect(hub.runners[0]!.current).toBe(false)
  await expect(hub.restart('main.ts')).rejects.toMatchObject({
    code: 'ERR_START',
    message: expect.stringMatching(/^main\.ts was not restarted/),
  })
  expect(hub.runners[0]).toMatchObject({ pid, state: 'ready', current: false })
  expect(isAlive(pid!)).toBe(true)
  project.write('main.ts', ALIVE)
  await until(() => hub.runners[0]!.current, 'the next process to run the current code')
})

test('restart() that a stop() overtakes is told so', async () => {
  const project = createProject({
    'main.mjs': `process.on('SIGTERM', () => setTimeout(() => process.exit(0), 300))\n${ALIVE}`,
  })
  const { hub } = await startServer(project.root, { entry: 'main.mjs' })
  await ready(hub)
  const exited = once(hub, 'exit')
  const [restarted, stopped] = await Promise.allSettled([hub.restart('main.mjs'), hub.stop('main.mjs')])
  expect(restarted).toMatchObject({
    status: 'rejected',
    reason: { code: 'ERR_CLOSED', message: expect.stringMatching(/main\.mjs was stopped/) },
  })
  expect(stopped!.status).toBe('fulfilled')
  await exited
  expect(hub.runners).toMatchObject([{ state: 'stopped', pid: undefined }])
})

test('a save does not start a runner again that was stopped on request', async () => {
  const project = createProject({ 'main.mjs': ALIVE, 'other.mjs': ALIVE, '.env': 'A=1' })
  const { hub } = await startServer(project.root, { entry: ['main.mjs', 'other.mjs'] })
  await until(() => hub.runners.length === 2 && hub.runners.every(({ state }) => state === 'ready'), 'both apps')
  await hub.stop('main.mjs')
  const restarted = once(hub, 'restart')
  project.write('.env', 'A=2')
  expect((await restarted)[0]).toMatchObject({ id: 'other.mjs' })
  await until(() => hub.runners[1]!.state === 'ready', 'the other app')
  expect(hub.runners[0]).toMatchObject({ id: 'main.mjs', state: 'stopped', pid: undefined })
})

test('a stopped runner can be removed, and no other', async () => {
  const project = createProject({ 'main.mjs': ALIVE })
  const { server, hub } = await startServer(project.root, { entry: 'main.mjs' })
  await ready(hub)
  const id = await hub.start('main.mjs')
  expect(id).toBe('main.mjs-2')
  await expect(hub.remove(id)).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringMatching(/await hub\.stop\('main\.mjs-2'\)/),
  })
  await hub.stop(id)
  await hub.remove(id)
  expect(hub.runners.map((runner) => runner.id)).toEqual(['main.mjs'])
  await expect(hub.remove(id)).rejects.toMatchObject({ code: 'ERR_CONFIG' })

  // one of the options, too: Vite's restart does not bring it back
  await hub.stop('main.mjs')
  await hub.remove('main.mjs')
  await server.restart()
  const other = await hub.start('main.mjs')
  expect(hub.runners.map((runner) => runner.id)).toEqual([other])
})

test('several tether() of one config are all within reach', async () => {
  const project = createProject({ 'web.mjs': ALIVE, 'jobs.mjs': ALIVE })
  const options: TetherOptions = { stdio: 'pipe' }
  const server = await createServer({
    root: project.root,
    ...silent,
    server: { middlewareMode: true, ws: false },
    plugins: [
      tether({ ...options, entry: 'jobs.mjs', environment: 'backend' }),
      tether({ ...options, entry: 'web.mjs' }),
    ],
  })
  onTestFinished(() => server.close())
  const [backend, ssr] = [getTether(server, 'backend'), getTether(server, 'ssr')]
  await Promise.all([backend, ssr].map(ready))
  expect(backend.runners.map(({ id }) => id)).toEqual(['jobs.mjs'])
  expect(ssr.runners.map(({ id }) => id)).toEqual(['web.mjs'])
  expect(getTether(server)).toBe(ssr)
  for (const name of ['client', 'nope', 'constructor', 3]) {
    expect(() => getTether(server, name as string)).toThrow(
      /to be one that a tether\(\) serves \((ssr, backend|backend, ssr)\), got/,
    )
  }
})
