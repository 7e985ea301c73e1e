import { once } from 'node:events'
import type { InlineConfig, Plugin } from 'vite'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startServer, type TestServer } from '../../support/tether.ts'

const ALIVE = 'setInterval(() => {}, 1000)'
const both = [{ standby: true }, { standby: false }]

/** Starts `files` and resolves once the app runs and, unless there is none, its next process waits. */
async function start(files: Record<string, string>, options: TetherOptions, config: InlineConfig = {}) {
  const project = createProject(files)
  const app = await startServer(project.root, { entry: 'main.js', ...options }, config)
  const ready = () => waitUntilReady(app, options.standby !== false)
  await app.line(/^runs/)
  await ready()
  return { ...app, project, ready }
}

async function waitUntilReady({ hub }: Pick<TestServer, 'hub'>, standby: boolean): Promise<void> {
  await until(() => {
    const [runner] = hub.runners
    return runner?.state === 'ready' && (!standby || (runner.standby?.memory ?? 0) > 0)
  }, 'the app and the process that waits')
}

/** The output of the app, one word for each start. */
const runs = ({ lines }: TestServer) => lines.flatMap((line) => /^runs (.*)$/.exec(line)?.[1] ?? [])

/** Spellings of an import of `v` from `dep`, each with the files beside `main.js` and what a version of `dep` looks like. */
const spellings = {
  'a static import': { files: { 'main.js': `import { v } from './dep.js'\nconsole.log('runs ' + v)\n${ALIVE}` } },
  'a re-export': {
    files: {
      'main.js': `import { v } from './mid.js'\nconsole.log('runs ' + v)\n${ALIVE}`,
      'mid.js': "export { v } from './dep.js'",
    },
  },
  'export *': {
    files: {
      'main.js': `import { v } from './mid.js'\nconsole.log('runs ' + v)\n${ALIVE}`,
      'mid.js': "export * from './dep.js'",
    },
  },
  'a boundary that accepts it': {
    files: {
      'main.js': `import { v } from './mid.js'\nconsole.log('runs ' + v)\n${ALIVE}`,
      'mid.js': "export * from './dep.js'\nimport.meta.hot?.accept('./dep.js', () => {})",
    },
  },
  'import()': { files: { 'main.js': `import('./dep.js').then(({ v }) => console.log('runs ' + v))\n${ALIVE}` } },
  JSON: {
    dep: 'dep.json',
    content: (version: number) => `{ "v": ${version} }`,
    files: { 'main.js': `import { v } from './dep.json'\nconsole.log('runs ' + v)\n${ALIVE}` },
  },
  '?raw': {
    dep: 'dep.txt',
    content: (version: number) => String(version),
    files: { 'main.js': `import v from './dep.txt?raw'\nconsole.log('runs ' + v)\n${ALIVE}` },
  },
  TypeScript: {
    dep: 'dep.ts',
    files: { 'main.js': `import { v } from './dep'\nconsole.log('runs ' + v)\n${ALIVE}` },
  },
}
const family = Object.entries(spellings).map(([name, spelling]) => ({
  name,
  standby: true,
  dep: 'dep.js',
  content: (version: number) => `export const v = ${version}`,
  ...spelling,
}))
family.push({ ...family[0]!, standby: false })

test.each(family)('server.hmr false, $name, standby $standby: each save starts with itself', async (given) => {
  const { dep, content, files, standby } = given
  const app = await start({ ...files, [dep]: content(1) }, { standby }, { server: { hmr: false } })
  for (const version of [2, 3]) {
    app.project.write(dep, content(version))
    await app.line(new RegExp(`^runs ${version}$`))
    await app.ready()
  }
  expect(runs(app)).toEqual(['1', '2', '3'])
})

/** Takes `dep` out of every update, as plugins of frameworks do. */
const silent: Plugin = {
  name: 'silent',
  hotUpdate: ({ file }) => (/\/dep\.\w+$/.test(file) ? [] : undefined),
}

/** Saves `dep` and resolves when Vite has heard of it: no update follows that could be awaited. */
async function saveInSilence(app: Awaited<ReturnType<typeof start>>, dep: string, content: string): Promise<void> {
  const { moduleGraph } = app.server.environments.ssr!
  const nodes = [...moduleGraph.getModulesByFile(app.project.path(dep))!]
  const before = nodes.map((node) => node.lastInvalidationTimestamp)
  const heard = once(app.server.watcher, 'change')
  app.project.write(dep, content)
  await heard
  await until(() => nodes.every((node, n) => node.lastInvalidationTimestamp > before[n]!), 'Vite to hear of it')
}

test.each(family)('a plugin keeps a save to itself, $name, standby $standby: the next start has it', async (given) => {
  const { dep, content, files, standby } = given
  const app = await start({ ...files, [dep]: content(1) }, { standby }, { plugins: [silent] })
  await saveInSilence(app, dep, content(2))
  await app.hub.restart()
  await app.line(/^runs 2$/)
  expect(runs(app)).toEqual(['1', '2'])
})

test.each(both)(
  'a save that was kept back is there after another file was saved, standby $standby',
  async (options) => {
    const { files } = spellings['a re-export']
    const app = await start({ ...files, 'dep.js': 'export const v = 1' }, options, { plugins: [silent] })
    await saveInSilence(app, 'dep.js', 'export const v = 2')
    app.project.edit('main.js', "'runs ' + v", "'runs ' + v + 'b'")
    await app.line(/^runs 2b$/)
    expect(runs(app)).toEqual(['1', '2b'])
  },
)

test.each(both)('a save that was kept back is there after a crash, standby $standby', async (options) => {
  const files = {
    'main.js': `import { v } from './dep.js'\nconsole.log('runs ' + v)\nprocess.on('SIGUSR2', () => process.exit(1))\n${ALIVE}`,
    'dep.js': 'export const v = 1',
  }
  const app = await start(files, options, { plugins: [silent] })
  await saveInSilence(app, 'dep.js', 'export const v = 2')
  process.kill(app.hub.runners[0]!.pid!, 'SIGUSR2')
  await app.line(/exited with code 1, waiting for a save/)
  app.project.edit('main.js', "'runs ' + v", "'runs ' + v + 'b'")
  await app.line(/^runs 2b$/)
})

test.each(both)('a virtual module that a plugin only invalidates, standby $standby', async (options) => {
  let version = 1
  const virtual: Plugin = {
    name: 'virtual',
    resolveId: (id) => (id === 'virtual:v' ? '\0virtual:v' : undefined),
    load: (id) => (id === '\0virtual:v' ? `export const v = ${version}` : undefined),
  }
  const files = {
    'main.js': `import { v } from './mid.js'\nconsole.log('runs ' + v)\n${ALIVE}`,
    'mid.js': "export * from 'virtual:v'",
  }
  const app = await start(files, options, { plugins: [virtual] })
  const { moduleGraph } = app.server.environments.ssr!
  for (version = 2; version <= 3; version++) {
    moduleGraph.invalidateModule(moduleGraph.getModuleById('\0virtual:v')!)
    await app.hub.restart()
    await app.line(new RegExp(`^runs ${version}$`))
    await app.ready()
  }
  expect(runs(app)).toEqual(['1', '2', '3'])
})

test.each(both)(
  'moduleGraph.invalidateAll with a transform that answers otherwise now, standby $standby',
  async (options) => {
    let word = 'one'
    const transform: Plugin = { name: 'word', transform: (code) => code.replaceAll('__WORD__', word) }
    const files = {
      'main.js': `import { v } from './dep.js'\nconsole.log('runs ' + v)\n${ALIVE}`,
      'dep.js': "export const v = '__WORD__'",
    }
    const app = await start(files, options, { plugins: [transform] })
    word = 'two'
    app.server.environments.ssr!.moduleGraph.invalidateAll()
    await app.hub.restart()
    await app.line(/^runs two$/)
    expect(runs(app)).toEqual(['one', 'two'])
  },
)

test.each(both)(
  'a start after a bad save fails as it should, and does not run the code from before, standby $standby',
  async (options) => {
    const files = {
      'main.js': `import { v } from './dep.js'\nconsole.log('runs ' + v)\nprocess.on('SIGUSR2', () => process.exit(0))\n${ALIVE}`,
      'dep.js': 'export const v = 1',
    }
    const app = await start(files, options)
    process.kill(app.hub.runners[0]!.pid!, 'SIGUSR2')
    await app.line(/exited 0, waiting for a save/)
    app.project.write('dep.js', 'export const = 2')
    await app.line(/exited with code 1 while starting, waiting for a save/)
    expect(runs(app)).toEqual(['1'])
    app.project.write('dep.js', 'export const v = 3')
    await app.line(/^runs 3$/)
  },
)
