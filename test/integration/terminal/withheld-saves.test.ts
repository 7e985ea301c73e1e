import { once } from 'node:events'
import type { InlineConfig, Plugin } from 'vite'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { startApp } from '../../support/app.ts'
import { until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer, type TestServer } from '../../support/tether.ts'

const isDep = (file: string) => file.endsWith('/dep.js')
const isLast = (file: string) => file.endsWith('/last.js')

const FILES = {
  'src/main.ts':
    "import { v } from './dep.js'\nimport './last.js'\nimport.meta.hot?.accept()\nconsole.log('runs ' + v)\nsetInterval(() => {}, 1000)",
  'src/dep.js': 'export const v = 1',
  'src/last.js': 'export const last = 1',
}

/** Takes last.js out of updates: its line comes after the lines of whatever was saved before. */
const last: Plugin = { name: 'last', hotUpdate: ({ file }) => (isLast(file) ? [] : undefined) }

async function start(plugins: Plugin[], options: TetherOptions = {}, config: InlineConfig = {}) {
  const app = await startApp(FILES, options, { ...config, plugins: [...plugins, last] })
  await app.line(/^runs 1/)
  return app
}

/** The lines that name the file, those of Vite's terminal only. */
const linesOf = ({ lines }: Pick<TestServer, 'lines'>, file: string) =>
  lines.filter((line) => line.includes('[vite-tether]') && line.includes(file))

/** Saves last.js, and resolves once the line about that save is there. */
async function saveLast(app: Awaited<ReturnType<typeof start>>): Promise<void> {
  const count = () => linesOf(app, 'not updated: src/last.js').length
  const before = count()
  app.project.write('src/last.js', `export const last = ${performance.now()}`)
  await until(() => count() > before, 'the line about last.js')
}

const takers: [name: string, hook: string, plugin: Plugin][] = [
  [
    'hotUpdate returns nothing',
    'hotUpdate',
    { name: 'taker', hotUpdate: ({ file }) => (isDep(file) ? [] : undefined) },
  ],
  [
    'hotUpdate filters',
    'hotUpdate',
    { name: 'taker', hotUpdate: ({ modules }) => modules.filter(({ file }) => !isDep(file ?? '')) },
  ],
  [
    'an asynchronous hotUpdate, for server environments only',
    'hotUpdate',
    {
      name: 'taker',
      async hotUpdate({ file, read }) {
        await read()
        return this.environment.name !== 'client' && isDep(file) ? [] : undefined
      },
    },
  ],
  [
    'hotUpdate empties the list that it is given',
    'hotUpdate',
    {
      name: 'taker',
      hotUpdate({ file, modules }) {
        if (isDep(file)) modules.length = 0
      },
    },
  ],
  [
    'hotUpdate is the first of all',
    'hotUpdate',
    { name: 'taker', hotUpdate: { order: 'pre', handler: ({ file }) => (isDep(file) ? [] : undefined) } },
  ],
  [
    'hotUpdate is the last of all',
    'hotUpdate',
    { name: 'taker', hotUpdate: { order: 'post', handler: ({ file }) => (isDep(file) ? [] : undefined) } },
  ],
  [
    'handleHotUpdate returns nothing',
    'handleHotUpdate',
    { name: 'taker', handleHotUpdate: ({ file }) => (isDep(file) ? [] : undefined) },
  ],
  [
    'handleHotUpdate filters, after another hook',
    'handleHotUpdate',
    {
      name: 'taker',
      enforce: 'post',
      handleHotUpdate: { order: 'post', handler: ({ modules }) => modules.filter(({ file }) => !isDep(file ?? '')) },
    },
  ],
]

test.each(takers)(
  '%s: one line names the file, the plugin, who runs old code, and what to do',
  async (_, hook, plugin) => {
    const app = await start([plugin])
    app.project.write('src/dep.js', 'export const v = 2')
    await app.line(/src\/dep\.js/)
    await saveLast(app)
    expect(linesOf(app, 'src/dep.js')).toEqual([
      expect.stringContaining(
        `not updated: src/dep.js: plugin taker takes it out of updates (${hook}). main.ts runs the code from before; ` +
          'a restart runs the saved code; to restart at each such save, name the file by the option watch',
      ),
    ])
    await app.hub.restart()
    await app.line(/^runs 2/)
  },
)

test.each([{ standby: true }, { standby: false }])(
  'the line comes for each save, standby $standby',
  async (options) => {
    const app = await start([takers[0]![2]], options)
    app.project.write('src/dep.js', 'export const v = 2')
    await app.line(/not updated: src\/dep\.js.*watch$/)
    app.project.write('src/dep.js', 'export const v = 3')
    await app.line(/not updated: src\/dep\.js.*watch \(x2\)$/)
  },
)

test('the line is for several files of a moment', async () => {
  const app = await start([{ name: 'last', hotUpdate: ({ file }) => (isDep(file) ? [] : undefined) }])
  app.project.write('src/dep.js', 'export const v = 2')
  app.project.write('src/last.js', 'export const last = 2')
  await app.line(/not updated: src\/(dep|last)\.js, src\/(dep|last)\.js: plugin last takes them out of updates/)
})

test('a hook that fails is named with the file', async () => {
  const fails: Plugin = {
    name: 'fails',
    hotUpdate({ file }) {
      if (isDep(file) && this.environment.name === 'ssr') throw new Error('no such table')
    },
  }
  const app = await start([fails])
  app.project.write('src/dep.js', 'export const v = 2')
  await app.line(
    /not updated: src\/dep\.js: plugin fails failed in its hook hotUpdate\. main\.ts runs the code from before/,
  )
  await app.line(/no such table/)
})

test.each<[string, Plugin]>([
  [
    "Vite's own idiom",
    {
      name: 'md',
      handleHotUpdate({ file, server }) {
        if (!isDep(file)) return undefined
        server.ws.send({ type: 'custom', event: 'md:update', data: {} })
        return []
      },
    },
  ],
  [
    'the same by name',
    {
      name: 'md',
      handleHotUpdate({ file, server }) {
        if (!isDep(file)) return undefined
        server.ws.send('md:update', {})
        return []
      },
    },
  ],
  [
    'an event for the app itself',
    {
      name: 'md',
      hotUpdate({ file }) {
        if (!isDep(file)) return undefined
        this.environment.hot.send('md:update', {})
        return []
      },
    },
  ],
  [
    'an event of each environment',
    {
      name: 'md',
      async hotUpdate({ file, read }) {
        if (!isDep(file)) return undefined
        await read()
        this.environment.hot.send({ type: 'custom', event: 'md:update', data: {} })
        return []
      },
    },
  ],
])('a plugin that answers by an event is named once, calmly: %s', async (_, plugin) => {
  const app = await start([plugin])
  for (const v of [2, 3]) {
    app.project.write('src/dep.js', `export const v = ${v}`)
    await app.line(/src\/dep\.js/)
    await saveLast(app)
  }
  expect(linesOf(app, 'src/dep.js')).toEqual([
    expect.stringMatching(
      /\] src\/dep\.js: plugin md answers this save by its own event md:update\. main\.ts runs the code from before; a restart runs the saved code$/,
    ),
  ])
})

test.each<[string, Plugin[], TetherOptions?]>([
  [
    'for the browser only',
    [
      {
        name: 'browser',
        hotUpdate({ file }) {
          return this.environment.name === 'client' && isDep(file) ? [] : undefined
        },
      },
    ],
  ],
  [
    'if the runner is of another environment than the one that handleHotUpdate is about',
    [{ name: 'legacy', handleHotUpdate: ({ file }) => (isDep(file) ? [] : undefined) }],
    { environment: 'backend' },
  ],
  [
    'if a later plugin puts the modules back',
    [
      takers[0]![2],
      {
        name: 'back',
        hotUpdate({ file }) {
          return isDep(file) ? [...this.environment.moduleGraph.getModulesByFile(file)!] : undefined
        },
      },
    ],
  ],
  [
    'if the plugin asks for a full reload instead',
    [
      {
        name: 'reloads',
        hotUpdate({ file }) {
          if (!isDep(file) || this.environment.name === 'client') return undefined
          this.environment.hot.send({ type: 'full-reload' })
          return []
        },
      },
    ],
  ],
  [
    'if the plugin invalidates the module itself',
    [
      {
        name: 'invalidates',
        hotUpdate({ file, modules, timestamp }) {
          if (!isDep(file)) return undefined
          for (const node of modules) this.environment.moduleGraph.invalidateModule(node, new Set(), timestamp, true)
          return []
        },
      },
    ],
  ],
  ['if the option watch restarts for the file', [takers[0]![2]], { watch: 'src/dep.js' }],
])(
  'nothing is said of a plugin that takes a file out of updates, and its code runs all the same: %s',
  async (_, plugins, options) => {
    const app = await start(plugins, options)
    app.project.write('src/dep.js', 'export const v = 2')
    await app.line(/^runs 2/)
    await saveLast(app)
    expect(linesOf(app, 'src/dep.js').filter((line) => line.includes('plugin'))).toEqual([])
  },
)

test('nothing is said of a save that has changed nothing', async () => {
  const app = await start([takers[0]![2]])
  const heard = once(app.server.watcher, 'change')
  app.project.write('src/dep.js', FILES['src/dep.js'])
  await heard
  await saveLast(app)
  expect(linesOf(app, 'src/dep.js')).toEqual([])
})

test('attached runners that run old code are named; a restart of theirs is not ours', async () => {
  const project = createProject(FILES)
  const server = await startServer(project.root, { attach: true }, { plugins: [takers[0]![2]] })
  const runners = [
    await attach(server, project.root, { name: 'one' }),
    await attach(server, project.root, { name: 'two' }),
  ]
  for (const { runner } of runners) await runner.import('/src/main.ts')
  project.write('src/dep.js', 'export const v = 2')
  const line = await server.line(/not updated/)
  expect(line).toMatch(
    /src\/dep\.js: plugin taker takes it out of updates \(hotUpdate\)\. one#\d+, two#\d+ run the code from before; starting anew runs the saved code$/,
  )
})
