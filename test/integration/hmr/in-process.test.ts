import { createServer } from 'vite'
import { ViteNodeRunner } from 'vite-node/client'
import { ViteNodeServer } from 'vite-node/server'
import { expect, onTestFinished, test } from 'vitest'
import { createHotContext, handleMessage, reload, viteNodeHmrPlugin } from '../../../src/hmr.ts'
import { createMilestones } from '../../support/milestones.ts'
import { createProject } from '../../support/project.ts'
import { watched } from '../../support/tether.ts'

const FILES = {
  'entry.js': `
    import { count } from './store.js'
    import { leaf } from './leaf.js'
    import './plain.js'
    import './parent.js'
    export { count, leaf }
  `,
  'store.js': `export const count = ++globalThis.seed.stores`,
  'leaf.js': `
    import { text } from './text.js'
    import './store.js'
    export const leaf = { text: text + ' 1' }
    globalThis.seed.log('leaf ' + leaf.text)
    import.meta.hot.accept((module) => globalThis.seed.log('accepted ' + module.leaf.text))
  `,
  'parent.js': `
    import { child } from './child.js'
    globalThis.seed.log('parent sees ' + child)
    import.meta.hot.accept()
  `,
  'child.js': `
    export const child = 'child 1'
    import.meta.hot.accept(() => import.meta.hot.invalidate())
    import.meta.hot.on('question', ({ text }) => import.meta.hot.send('answer', { text: text + '!' }))
    import.meta.hot.on('thanks', () => globalThis.seed.log('thanked'))
  `,
  'text.js': `export const text = 'one'`,
  'plain.js': `globalThis.seed.log('plain 1')`,
}

/** The program as people write it against vite-node/hmr; `guarded` has a try/catch around handleMessage. */
async function start(guarded: boolean) {
  const project = createProject(FILES)
  const { log, until, lines } = createMilestones()
  Object.assign(globalThis, { seed: { stores: 0, log } })
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true, include: [] },
    plugins: [viteNodeHmrPlugin()],
    server: { hmr: true, ws: false },
  })
  onTestFinished(() => server.close())
  await server.pluginContainer.buildStart({})
  const node = new ViteNodeServer(server)
  const files = ['/entry.js']
  const runner = new ViteNodeRunner({
    root: server.config.root,
    base: server.config.base,
    fetchModule: (id) => node.fetchModule(id),
    resolveId: (id, importer) => node.resolveId(id, importer),
    createHotContext: (runner, url) => createHotContext(runner, server.emitter, files, url),
  })
  for (const file of files) await runner.executeId(file)
  server.emitter.on('message', async (payload) => {
    if (!guarded) {
      handleMessage(runner, server.emitter, files, payload)
      return
    }
    try {
      await handleMessage(runner, server.emitter, files, payload)
    } catch (error) {
      log(`fallback: ${(error as Error).message.split('\n')[0]}`)
      await reload(runner, files)
      log('fell back')
    }
  })
  await watched(server)
  return { project, server, runner, until, lines, log }
}

for (const [label, guarded] of [
  ['as it stands', false],
  ['with a try/catch around handleMessage', true],
] as const) {
  test(`the program of vite-node/hmr updates a module that accepts itself and keeps the state beside it, ${label}`, async () => {
    const { project, runner, until } = await start(guarded)
    project.edit('leaf.js', "' 1'", "' 2'")
    await until('accepted one 2')
    const entry = await runner.executeId('/entry.js')
    expect(entry.count).toBe(1)
  })

  test(`the program of vite-node/hmr updates a dependency through the module that accepts it, ${label}`, async () => {
    const { project, until, lines } = await start(guarded)
    project.edit('text.js', 'one', 'two')
    await until('accepted two 1')
    expect(lines).toEqual(['leaf one 1', 'plain 1', 'parent sees child 1', 'leaf two 1', 'accepted two 1'])
  })

  test(`the program of vite-node/hmr reloads the program when nothing accepts the change, ${label}`, async () => {
    const { project, runner, until } = await start(guarded)
    project.edit('plain.js', 'plain 1', 'plain 2')
    await until('plain 2')
    expect((await runner.executeId('/entry.js')).count).toBe(2)
  })

  test(`the program of vite-node/hmr hands an invalidated update to the importers, and keeps their state, ${label}`, async () => {
    const { project, runner, until } = await start(guarded)
    project.edit('child.js', 'child 1', 'child 2')
    await until('parent sees child 2')
    expect((await runner.executeId('/entry.js')).count).toBe(1)
  })

  test(`the program of vite-node/hmr carries custom events both ways, ${label}`, async () => {
    const { server, until, log } = await start(guarded)
    server.environments.ssr.hot.on('answer', ({ text }, client) => {
      log(`answer ${text}`)
      client.send('thanks', {})
    })
    server.environments.ssr.hot.send('question', { text: 'well' })
    await until('answer well!')
    await until('thanked')
  })

  test(`the program of vite-node/hmr keeps the previous code while a module is broken, and heals with the next save, ${label}`, async () => {
    const { project, runner, until } = await start(guarded)
    const code = project.read('leaf.js')
    project.write('leaf.js', `${code}\nthrow new Error('broken at the top level')`)
    if (guarded) await until('fell back')
    project.write('leaf.js', code.replace("' 1'", "' 3'"))
    await until('accepted one 3')
    expect((await runner.executeId('/entry.js')).count).toBe(1)
  })
}
