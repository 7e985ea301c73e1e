/** The built package as an outsider sees it, name by name: whoever changes this changes what people have written. */
import { once } from 'node:events'
import { createServer, type InlineConfig, type ViteDevServer } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import { expect, onTestFinished, test } from 'vitest'
import type { Applied, RunnerView, TetherOptions } from '../../src/index.ts'
import { createProject } from '../support/project.ts'
import { watched } from '../support/tether.ts'

/** A module of the built package. Its types are those of its source: `test/package/types.test.ts` has the built ones. */
const load = async <T>(name: string): Promise<T> => (await import(name)) as T
const plugin = await load<typeof import('../../src/index.ts')>('vite-tether')
const client = await load<typeof import('../../src/client.ts')>('vite-tether/client')
const hmr = await load<typeof import('../../src/hmr.ts')>('vite-tether/hmr')
const keeping = await load<typeof import('../../src/keep.ts')>('vite-tether/keep')

async function serve(root: string, options: TetherOptions, config: InlineConfig = {}): Promise<ViteDevServer> {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    ...config,
    server: { middlewareMode: true, ws: false },
    plugins: [plugin.tether({ stdio: 'pipe', ...options })],
  })
  onTestFinished(() => server.close())
  return server
}

test('the package exports these values', () => {
  expect(Object.keys(plugin).sort()).toEqual(['TetherError', 'getTether', 'tether'])
  expect(Object.keys(client).sort()).toEqual(['TetherError', 'connect'])
  expect(Object.keys(hmr).sort()).toEqual([
    ...['createHmrEmitter', 'createHotContext', 'getCache', 'handleMessage', 'reload'],
    ...['sendMessageBuffer', 'viteNodeHmrPlugin'],
  ])
  expect(Object.keys(keeping).sort()).toEqual(['keep', 'listen'])
})

test('the package takes these options of tether(), attach and connect()', async () => {
  const listed = (error: unknown) =>
    /It takes (.*)\.$/
      .exec((error as Error).message)?.[1]
      ?.split(', ')
      .sort()
  const refused = (options: object) => {
    try {
      return [plugin.tether(options).name]
    } catch (error) {
      return listed(error)
    }
  }
  expect(refused({ xxxxxxxxxxxx: 1 })).toEqual(OPTIONS)
  expect(refused({ attach: { xxxxxxxxxxxx: 1 } })).toEqual(['allowedHosts', 'host', 'path', 'port', 'token'])
  expect(refused({ serve: { xxxxxxxxxxxx: 1 } })).toEqual(['order', 'reload', 'routes', 'timeout'])
  const error = await client.connect({ xxxxxxxxxxxx: 1 } as object).catch((error: unknown) => error)
  expect(listed(error)).toEqual([
    ...['entry', 'logger', 'name', 'onUnaccepted', 'root', 'signal', 'token', 'url', 'wait'],
  ])
  expect(error).toBeInstanceOf(client.TetherError)
})

const OPTIONS = [
  ...[
    'args',
    'attach',
    'before',
    'build',
    'cache',
    'cwd',
    'delay',
    'entry',
    'env',
    'environment',
    'execArgv',
    'force',
    'ignore',
    'limits',
    'onUnaccepted',
  ],
  ...['ports', 'runnable', 'serve', 'standby', 'stdio', 'stop', 'ui', 'watch'],
]

test('the package lets a tool start, see, restart and stop apps through the hub', async () => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/a.ts':
      "import { x } from './x.ts'\nconsole.log('a ' + x)\nimport.meta.hot?.accept()\nsetInterval(() => {}, 1000)",
    'src/b.ts': "console.log('b ' + process.argv[2] + process.env.B)\nsetInterval(() => {}, 1000)",
    'src/x.ts': 'export const x = 1',
  })
  const server = await serve(project.root, { entry: 'src/a.ts' })
  const hub = plugin.getTether(server)
  const lines: string[] = []
  hub.on('stdout', (runner, line) => lines.push(`${runner.id}: ${line}`))
  const ready = once(hub, 'runner:ready')
  await hub.ready
  expect(hub.attach).toBeUndefined()
  await ready
  expect(hub.runners).toEqual([
    {
      ...{ id: 'a.ts', name: 'a.ts', kind: 'supervised', pid: expect.any(Number), host: expect.any(String) },
      ...{ state: 'ready', modules: 2, lastUpdate: undefined, current: true },
      ...{ memory: expect.any(Number), connectedAt: expect.any(Number), ports: [] },
    },
  ])

  await watched(server)
  const applied = once(hub, 'update:applied')
  project.write('src/x.ts', 'export const x = 2')
  const [runner, report] = (await applied) as [RunnerView, Applied]
  expect(runner.id).toBe('a.ts')
  expect(report).toEqual({
    ...{ seq: 1, outcome: 'updated', ms: expect.any(Number), evaluated: 2 },
    updates: [{ boundary: '/src/a.ts', accepted: '/src/a.ts' }],
  })
  expect(hub.runners[0]!.lastUpdate).toEqual(report)

  const second = once(hub, 'runner:ready')
  expect(await hub.start('src/b.ts', { args: ['x'], env: { B: 'y' } })).toBe('b.ts')
  await second
  const [pid] = hub.runners.map((each) => each.pid)
  const [exit, again] = [once(hub, 'exit'), once(hub, 'runner:ready')]
  await hub.restart('a.ts')
  expect((await exit)[0]).toMatchObject({ id: 'a.ts' })
  await again
  expect(hub.runners.map(({ id, state }) => [id, state])).toEqual([
    ['a.ts', 'ready'],
    ['b.ts', 'ready'],
  ])
  expect(hub.runners[0]!.pid).not.toBe(pid)
  await hub.stop('b.ts')
  expect(hub.runners[1]).toMatchObject({ id: 'b.ts', state: 'stopped', pid: undefined })
  expect(lines).toEqual(['a.ts: a 1', 'a.ts: a 2', 'b.ts: b xy', 'a.ts: a 2'])
  await expect(hub.stop('c.ts')).rejects.toMatchObject({ name: 'TetherError', code: 'ERR_CONFIG' })
})

test('the package lets a process attach, import, be updated, invite others and leave', async () => {
  const project = createProject({ 'src/job.ts': 'export const job = () => 1\nimport.meta.hot?.accept()' })
  const server = await serve(project.root, { attach: true })
  const hub = plugin.getTether(server)
  await hub.ready
  const { url, token, tokenFile } = hub.attach!
  expect(Object.keys(hub.attach!).sort()).toEqual(['tokenFile', 'url'])
  expect([url, token, tokenFile]).toEqual([
    expect.stringMatching(/^ws:\/\/.*\/__tether$/),
    expect.any(String),
    expect.any(String),
  ])

  const lines: string[] = []
  const logger = { info: (line: string) => lines.push(line), error: (line: string) => lines.push(line) }
  const runner = await client.connect({ url, token, root: project.root, name: 'jobs', logger, entry: 'src/job.ts' })
  expect(hub.runners).toMatchObject([{ id: runner.id, name: 'jobs', kind: 'attached', state: 'connected', modules: 1 }])
  // an object of the copy of vite-node that is part of the package
  expect(runner.viteNode).toMatchObject({ executeId: expect.any(Function), executeFile: expect.any(Function) })
  expect([...runner.viteNode.moduleCache.keys()]).toEqual([project.path('src/job.ts')])
  expect(runner.invite()).toEqual({ TETHER_URL: url, TETHER_TOKEN: token })
  expect((await runner.import('/src/job.ts')).job()).toBe(1)

  await watched(server)
  const applied = once(runner, 'applied')
  project.write('src/job.ts', 'export const job = () => 2\nimport.meta.hot?.accept()')
  expect((await applied)[0]).toMatchObject({ outcome: 'updated' })
  expect((await runner.import('src/job.ts')).job()).toBe(2)

  const ended = once(runner, 'end')
  await runner.close()
  expect(await ended).toEqual([undefined])
  expect(runner.state).toBe('ended')
  expect(lines).toEqual(['[vite-tether] connected.', '[vite-tether] hot updated: /src/job.ts'])
})

test('the package keeps the shape of vite-node’s cache in vite-tether/hmr', () => {
  const runner = new ViteNodeRunner({ root: '/', fetchModule: async () => ({ code: '' }) })
  const cache = hmr.getCache(runner)
  expect(Object.keys(cache).sort()).toEqual([
    ...['ctxToListenersMap', 'customListenersMap', 'dataMap', 'disposeMap', 'hotModulesMap', 'isFirstUpdate'],
    ...['messageBuffer', 'pending', 'pruneMap', 'queued'],
  ])
  const emitter = hmr.createHmrEmitter()
  const hot = hmr.createHotContext(runner, emitter, ['/a.ts'], '/a.ts')
  expect(Object.keys(hot).sort()).toEqual([
    ...['accept', 'acceptExports', 'data', 'decline', 'dispose', 'invalidate', 'off', 'on', 'prune', 'send'],
  ])
  const sent: string[] = []
  hot.send('x', { y: 1 })
  expect(cache.messageBuffer).toEqual(['{"type":"custom","event":"x","data":{"y":1}}'])
  emitter.on('custom', (json) => sent.push(json))
  hmr.sendMessageBuffer(runner, emitter)
  expect([sent, cache.messageBuffer]).toEqual([['{"type":"custom","event":"x","data":{"y":1}}'], []])
})
