import { once } from 'node:events'
import { createServer, type HotPayload } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import { ViteNodeServer } from 'vite-node/server'
import { expect, onTestFinished, test } from 'vitest'
import { configureEngine } from '../../../src/client/hmr/engine.ts'
import {
  createHmrEmitter,
  createHotContext,
  getCache,
  handleMessage,
  reload,
  viteNodeHmrPlugin,
} from '../../../src/hmr.ts'
import { createMilestones } from '../../support/milestones.ts'
import { createProject } from '../../support/project.ts'
import { watched } from '../../support/tether.ts'

const FILES = {
  'entry.js': `import './middle'; import './state'; globalThis.log('entry')`,
  'middle.js': `import { leaf } from './leaf'; globalThis.log('middle ' + leaf); import.meta.hot.accept()`,
  'leaf.js': `import './state'; export const leaf = 1`,
  'state.js': `globalThis.log('state')`,
}

/** Vite and a plain runner that get no help from our plugin unless `plugin` is set. */
async function start({ plugin = false, files = FILES as Record<string, string> } = {}) {
  const project = createProject(files)
  const { lines, log, until } = createMilestones()
  Object.assign(globalThis, { log })
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false },
    optimizeDeps: { noDiscovery: true, include: [] },
    plugins: plugin ? [viteNodeHmrPlugin()] : [],
  })
  onTestFinished(() => server.close())
  const node = new ViteNodeServer(server)
  const emitter = plugin ? server.emitter : createHmrEmitter()
  const entries = ['/entry.js']
  const runner = new ViteNodeRunner({
    root: server.config.root,
    fetchModule: (id) => node.fetchModule(id),
    resolveId: (id, importer) => node.resolveId(id, importer),
    createHotContext: (owner, id) => createHotContext(owner, emitter, entries, id),
  })
  configureEngine(runner, { logger: { info: log, error: log } })
  await watched(server)
  await runner.executeId('/entry.js')
  lines.length = 0
  return { project, server, emitter, runner, entries, lines, until }
}

async function plain() {
  const app = await start()
  const { ssr } = app.server.environments
  ssr.hot.api.outsideEmitter.on('send', (payload: HotPayload) => {
    void handleMessage(app.runner, app.emitter, app.entries, payload)
  })
  return app
}

test('payloads of a server without our plugin: an update finds the modules that changed below the accepted one', async () => {
  const { project, lines, until } = await plain()
  project.edit('leaf.js', '1', '2')
  await until(/hot updated/)
  expect(lines).toEqual(['middle 2', '[vite-tether] hot updated: /middle.js'])
})

test('payloads of a server without our plugin: a full reload that a file triggered is an update of that file', async () => {
  const { project, lines, until } = await plain()
  project.edit('state.js', 'state', 'new state')
  await until(/program reload/)
  expect(lines).toEqual(['new state', 'middle 1', 'entry', '[vite-tether] program reload'])
})

test('viteNodeHmrPlugin: the emitter carries the payloads of the environment, with the ids of what changed', async () => {
  const { project, server, emitter, until } = await start({ plugin: true })
  const payloads: unknown[] = []
  const { log } = globalThis as unknown as { log(line: string): void }
  emitter.on('message', (payload) => {
    payloads.push(payload)
    log(`payload ${payload.type}`)
  })
  project.edit('leaf.js', '1', '2')
  await until('payload update')
  server.environments.ssr.hot.send('custom:event', { a: 1 })
  expect(payloads).toEqual([
    expect.objectContaining({ type: 'update', seeds: [project.path('leaf.js')] }),
    { type: 'custom', event: 'custom:event', data: { a: 1 } },
  ])
})

test('viteNodeHmrPlugin: the browser’s own channel is left alone', async () => {
  const { server, emitter } = await start({ plugin: true })
  const types: string[] = []
  emitter.on('message', ({ type }) => types.push(type))
  server.ws.send({ type: 'full-reload' })
  server.environments.client.hot.send({ type: 'full-reload' })
  expect(types).toEqual([])
})

test('viteNodeHmrPlugin: Vite’s own runner of the same environment still gets its updates', async () => {
  const { project, server, until } = await start({ plugin: true })
  const { log } = globalThis as unknown as { log(line: string): void }
  server.environments.ssr.hot.api.outsideEmitter.on('send', ({ type }: HotPayload) => log(`inner ${type}`))
  project.edit('leaf.js', '1', '2')
  await until('inner update')
})

test('viteNodeHmrPlugin: a restart of the server keeps the emitter, and updates go on', async () => {
  const { project, server, emitter, until } = await start({ plugin: true })
  const { log } = globalThis as unknown as { log(line: string): void }
  emitter.on('message', ({ type, seeds }) => log(`payload ${type} ${seeds?.length}`))
  await server.restart()
  await watched(server)
  expect(server.emitter).toBe(emitter)
  await server.environments.ssr.transformRequest('/middle.js')
  await server.environments.ssr.transformRequest('/leaf.js')
  project.edit('leaf.js', '1', '2')
  await until('payload update 1')
})

test('reload() resolves with the exports of the files, in the order given', async () => {
  const { runner } = await start({
    files: { 'entry.js': '', 'a.js': `export const name = 'a'`, 'b.js': `import './a'; export const name = 'b'` },
  })
  const exports = await reload(runner, ['/b.js', './a.js', '/b'])
  expect(exports.map(({ name }) => name)).toEqual(['b', 'a', 'b'])
})

test('reload() evaluates current code of the application once, and keeps what is in node_modules', async () => {
  const files = {
    'entry.js': `import './a'; import 'lib'; globalThis.log('entry')`,
    'a.js': `globalThis.log('a')`,
    'node_modules/lib/index.ts': `globalThis.log('lib')`,
    'node_modules/lib/package.json': `{ "name": "lib", "type": "module", "main": "index.ts" }`,
  }
  const { runner, lines } = await start({ files })
  await reload(runner, ['/entry.js'])
  expect(lines).toEqual(['a', 'entry', '[vite-tether] program reload'])
})

test('reload() rejects when the code is broken, and leaves what is live', async () => {
  const { runner, project, emitter, lines } = await start({ plugin: true })
  const told = once(emitter, 'message')
  project.write('leaf.js', 'export const leaf = ')
  await told
  await expect(reload(runner, ['/entry.js'])).rejects.toThrow()
  expect(lines.filter((line) => !line.startsWith('[vite-tether] update failed'))).toEqual([])
  expect(getCache(runner).pending).toBe(false)
})

test('reload(): a promise that nobody looks at is no unhandled rejection', async () => {
  const { runner, emitter, entries, project } = await start({ plugin: true })
  const told = once(emitter, 'message')
  project.write('leaf.js', 'export const leaf = ')
  await told
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  void reload(runner, entries)
  void handleMessage(runner, emitter, entries, { type: 'full-reload' })
  await handleMessage(runner, emitter, entries, { type: 'full-reload' }).catch(() => {})
  await new Promise(setImmediate)
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})
