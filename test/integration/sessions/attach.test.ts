import { once } from 'node:events'
import { createServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { connect } from '../../../src/client/runner/connect.ts'
import { getTether, tether } from '../../../src/index.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer, watched } from '../../support/tether.ts'

const COUNTER = {
  'src/main.ts': `
    import { view } from './view.ts'
    import { state } from './state.ts'
    export const current = { view }
    export { state }
    import.meta.hot?.accept('./view.ts', (next) => { current.view = next.view })
  `,
  'src/view.ts': `
    import { state } from './state.ts'
    export const view = () => 'one ' + state.count
  `,
  'src/state.ts': 'export const state = { count: 0 }',
}

test('an attached runner evaluates modules here and updates them from there, with their state', async () => {
  const project = createProject(COUNTER)
  const server = await startServer(project.root, { attach: true })
  const { runner, lines, applied } = await attach(server, project.root)
  const { current, state } = await runner.import('/src/main.ts')
  state.count = 7
  expect(current.view()).toBe('one 7')
  const done = applied()
  project.edit('src/view.ts', 'one', 'two')
  expect(await done).toMatchObject({ outcome: 'updated', evaluated: 1 })
  expect(current.view()).toBe('two 7')
  expect(lines).toEqual(['[vite-tether] connected.', '[vite-tether] hot updated: /src/view.ts via /src/main.ts'])
})

test.each(['/src/main.ts', './src/main.ts', 'src/main.ts', '/src/main', 'ABSOLUTE', 'URL'])(
  'import(%j) finds the module',
  async (spelling) => {
    const project = createProject(COUNTER)
    const server = await startServer(project.root, { attach: true })
    const { runner } = await attach(server, project.root)
    const file = project.path('src/main.ts')
    const id = spelling === 'ABSOLUTE' ? file : spelling === 'URL' ? `file://${file}` : spelling
    expect((await runner.import(id)).current.view()).toBe('one 0')
  },
)

test('a change that nothing accepts executes everything again', async () => {
  const project = createProject(COUNTER)
  const server = await startServer(project.root, { attach: true })
  const { runner, lines, applied } = await attach(server, project.root)
  const first = await runner.import('/src/main.ts')
  const done = applied()
  project.edit('src/state.ts', 'count: 0', 'count: 5')
  expect(await done).toMatchObject({ outcome: 'reloaded', evaluated: 3 })
  expect(lines.at(-1)).toBe('[vite-tether] program reload')
  const again = await runner.import('/src/main.ts')
  expect(again).not.toBe(first)
  expect(again.current.view()).toBe('one 5')
})

test('custom events go both ways', async () => {
  const project = createProject({
    'main.ts': `
      export const heard = []
      import.meta.hot.on('server:hello', (data) => heard.push(data))
      export const ask = (data) => import.meta.hot.send('app:ask', data)
    `,
  })
  const server = await startServer(project.root, { attach: true })
  const { hot } = server.server.environments.ssr
  hot.on('app:ask', (data, client) => client.send('server:hello', { answer: data.n + 1 }))
  const { runner } = await attach(server, project.root)
  const { ask, heard } = await runner.import('/main.ts')
  ask({ n: 1 })
  await expect.poll(() => heard).toEqual([{ answer: 2 }])
  hot.send('server:hello', 'everybody')
  await expect.poll(() => heard).toEqual([{ answer: 2 }, 'everybody'])
})

test('a runner knows when clients come and go', async () => {
  const project = createProject(COUNTER)
  const events: string[] = []
  const server = await startServer(
    project.root,
    { attach: true },
    {
      plugins: [
        {
          name: 'count',
          configureServer({ environments }) {
            environments.ssr!.hot.on('vite:client:connect', () => events.push('connect'))
            environments.ssr!.hot.on('vite:client:disconnect', () => events.push('disconnect'))
          },
        },
      ],
    },
  )
  const { runner } = await attach(server, project.root)
  expect(events).toEqual(['connect'])
  expect(server.hub.runners).toMatchObject([{ kind: 'attached', pid: process.pid, state: 'connected' }])
  await runner.close()
  await expect.poll(() => events).toEqual(['connect', 'disconnect'])
  expect(server.hub.runners).toEqual([])
})

test('a wrong token, a wrong address and an unknown option each give an error with a code, at once', async () => {
  const project = createProject(COUNTER)
  const { hub } = await startServer(project.root, { attach: true })
  const { url, token } = hub.attach!
  await expect(connect({ url, token: `${token}x` })).rejects.toMatchObject({ code: 'ERR_UNAUTHORIZED' })
  await expect(connect({ url: url.replace(/\/__tether$/, '/other'), token })).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_/),
  })
  await expect(connect({ url: 'ws://127.0.0.1:1/__tether', token })).rejects.toMatchObject({ code: 'ERR_CONNECT' })
  await expect(connect({ url: 'http://localhost', token })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  await expect(connect({ url, tokn: token } as never)).rejects.toThrow(/Unknown option 'tokn'.*'token'/)
  await expect(connect({ token })).rejects.toThrow(/TETHER_URL/)
})

test('a module that failed to load is loaded by the next import', async () => {
  const project = createProject({ 'main.ts': 'export const a = = 1' })
  const server = await startServer(project.root, { attach: true })
  const { runner } = await attach(server, project.root)
  await expect(runner.import('/main.ts')).rejects.toThrow()
  await expect(runner.import('/missing.ts')).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' })
  project.write('main.ts', 'export const a = 1')
  await expect
    .poll(() =>
      runner.import('/main.ts').then(
        ({ a }) => a,
        () => undefined,
      ),
    )
    .toBe(1)
})

test("on Vite's own http server runners attach beside the browser's WebSocket, and stay through its restart", async () => {
  const project = createProject({ 'main.ts': 'export const n = 1' })
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { port: 0, host: '127.0.0.1' },
    plugins: [tether({ attach: true })],
  })
  onTestFinished(() => server.close())
  await server.listen()
  const hub = getTether(server)
  await hub.ready
  const { port } = server.httpServer!.address() as { port: number }
  expect(hub.attach!.url).toBe(`ws://localhost:${port}/__tether`)
  expect(JSON.stringify(hub.attach)).not.toContain(hub.attach!.token)

  const { runner } = await attach({ hub }, project.root)
  expect((await runner.import('/main.ts')).n).toBe(1)
  const browser = new WebSocket(`ws://127.0.0.1:${port}/?token=${server.config.webSocketToken}`, 'vite-hmr')
  await new Promise((resolve, reject) => Object.assign(browser, { onopen: resolve, onerror: reject }))
  browser.close()

  const back = once(runner, 'resume')
  await server.restart()
  await back
  await watched(server)
  const done = once(runner, 'applied')
  project.write('main.ts', 'export const n = 2')
  expect((await done)[0]).toMatchObject({ outcome: 'reloaded' })
  expect((await runner.import('/main.ts')).n).toBe(2)
})

test('limits of the options hold for attached runners', async () => {
  const project = createProject({ 'main.ts': 'export const n = 1' })
  const { hub } = await startServer(project.root, { attach: true, limits: { sessions: 1 } })
  const { url, token } = hub.attach!
  const runner = await connect({ url, token, root: project.root, logger: {} })
  onTestFinished(() => runner.close())
  await expect(connect({ url, token, root: project.root, logger: {} })).rejects.toThrow(/1 sessions already/)
})
