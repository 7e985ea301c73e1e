import { createServer, type HotPayload, type Plugin } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { catchLateSaves } from '../../../src/server/vite/late-saves.ts'
import { recordSeeds } from '../../../src/server/vite/seeds.ts'
import { createMilestones } from '../../support/milestones.ts'
import { createProject } from '../../support/project.ts'
import { watched } from '../../support/tether.ts'

/** A Vite server that tells what is recorded: `seeds <- payload type`, and what its channel sends on. */
async function start(files: Record<string, string>, { handles = false, plugins = [] as Plugin[] } = {}) {
  const project = createProject(files)
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false },
    plugins,
  })
  onTestFinished(() => server.close())
  const { ssr } = server.environments
  const { lines, log, until } = createMilestones()
  ssr.hot.api.outsideEmitter.on('send', (payload: HotPayload) => log(`sent ${payload.type}`))
  recordSeeds(ssr, (seeds, payload) => {
    log(`${seeds.map(({ url }) => url)} <- ${payload?.type ?? 'nothing'}`)
    return handles
  })
  catchLateSaves(server.watcher)
  await watched(server)
  for (const file of Object.keys(files)) {
    if (file.endsWith('.js')) await ssr.transformRequest(`/${file}`).catch(() => {})
  }
  return { project, ssr, server, lines, until }
}

const FILES = {
  'entry.js': `import './middle'`,
  'middle.js': `import './leaf'; import.meta.hot.accept()`,
  'leaf.js': `export const n = 1`,
}

test('recordSeeds names the modules Vite was asked to update, not their importers, with the update it sends', async () => {
  const { project, lines, until } = await start(FILES)
  project.edit('leaf.js', '1', '2')
  await until('sent update')
  expect(lines).toEqual(['/leaf.js <- update', 'sent update'])
})

test('recordSeeds names them with a full reload that a change triggered', async () => {
  const { project, lines, until } = await start(FILES)
  project.edit('entry.js', 'import', '  import')
  await until('sent full-reload')
  expect(lines).toEqual(['/entry.js <- full-reload', 'sent full-reload'])
})

test('a payload that was taken care of is not sent on', async () => {
  const { project, ssr, lines, until } = await start(FILES, { handles: true })
  project.edit('leaf.js', '1', '2')
  await until(/update$/)
  ssr.hot.send('sentinel')
  expect(lines).toEqual(['/leaf.js <- update', 'sent custom'])
})

test('a module that Vite has not analysed is named although Vite sends nothing', async () => {
  const lazy = `import './leaf'; import('./lazy.mjs'); import.meta.hot.accept()`
  const { project, lines, until } = await start({ ...FILES, 'middle.js': lazy, 'lazy.mjs': 'export const n = 1' })
  project.write('lazy.mjs', 'export const n = 2')
  await until('/lazy.mjs <- nothing')
  expect(lines).toEqual(['/lazy.mjs <- nothing'])
})

test('a file that a plugin watches for a module brings that module with it, each time', async () => {
  const plugin: Plugin = {
    name: 'data',
    transform(_, id) {
      if (id.endsWith('leaf.js')) this.addWatchFile(id.replace('leaf.js', 'data.txt'))
    },
  }
  const { project, ssr, lines, until } = await start({ ...FILES, 'data.txt': 'x' }, { plugins: [plugin] })
  project.write('data.txt', 'y')
  await until(/^sent/)
  expect(lines.splice(0)).toEqual(['/data.txt,/leaf.js <- update', 'sent update'])
  await ssr.transformRequest('/leaf.js')
  project.write('data.txt', 'zz')
  await until(/^sent/)
  expect(lines).toEqual(['/data.txt,/leaf.js <- update', 'sent update'])
})

test('a reload that a plugin asks for, and other payloads of plugins, pass through', async () => {
  const { ssr, lines } = await start(FILES)
  ssr.hot.send({ type: 'full-reload' })
  ssr.hot.send('custom', {})
  expect(lines).toEqual(['sent full-reload', 'sent custom'])
})

test('what a hook invalidates and hands to Vite as well comes once, together', async () => {
  const plugin: Plugin = {
    name: 'both',
    async hotUpdate({ modules, timestamp }) {
      if (this.environment.name !== 'ssr') return undefined
      const { moduleGraph } = this.environment
      const entry = (await moduleGraph.getModuleByUrl('/entry.js'))!
      moduleGraph.invalidateModule(entry, new Set(), timestamp, true)
      await null
      return [...modules, entry]
    },
  }
  const { project, lines, until } = await start(FILES, { plugins: [plugin] })
  project.edit('leaf.js', '1', '2')
  await until(/^sent/)
  expect(lines).toEqual(['/entry.js,/leaf.js <- full-reload', 'sent full-reload'])
})

test('reloadModule() of a plugin is recorded', async () => {
  const { ssr, lines } = await start(FILES)
  await ssr.reloadModule((await ssr.moduleGraph.getModuleByUrl('/leaf.js'))!)
  expect(lines).toEqual(['/leaf.js <- update', 'sent update'])
})

test('invalidation that is not for HMR is not an update', async () => {
  const { ssr, lines } = await start(FILES)
  ssr.moduleGraph.invalidateAll()
  await new Promise(setImmediate)
  expect(lines).toEqual([])
})
