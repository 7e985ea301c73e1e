import { once } from 'node:events'
import { createServer, type Plugin, type ViteDevServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { getTether, tether } from '../../../src/index.ts'
import { createProject } from '../../support/project.ts'
import { attach, createLines, startServer, watched } from '../../support/tether.ts'

const slow = { timeout: 120_000 }
const stays = 'setInterval(() => {}, 1000)'

test("Vite's own runners have each save, whoever asks first", slow, async () => {
  const project = createProject({
    'app.js': `import { value } from './value.js'\nconsole.log('app ' + value)\nimport.meta.hot.accept()\n${stays}`,
    'page.js': "export { value } from './value.js'\nimport { runs } from './runs.js'\nexport const page = runs",
    'runs.js': 'globalThis.runs = (globalThis.runs ?? 0) + 1\nexport const runs = globalThis.runs',
    'value.js': 'export const value = 0',
  })
  const { server, line } = await startServer(project.root, { entry: 'app.js' })
  await line(/^app 0/)
  const { runner } = server.environments.ssr as unknown as {
    runner: { import(url: string): Promise<{ value: number }> }
  }
  expect((await runner.import('/page.js')).value).toBe(0)
  const { page, value } = await server.ssrLoadModule('/page.js')
  expect(value).toBe(0)
  let stale = 0
  for (let n = 1; n <= 50; n++) {
    project.write('value.js', `export const value = ${n}`)
    await line(new RegExp(`^app ${n}$`))
    const pages = [
      await server.ssrLoadModule('/page.js'),
      await runner.import('/page.js'),
      await server.ssrLoadModule('/page.js'),
    ]
    if (pages.some(({ value }) => value !== n)) stale++
  }
  expect(stale).toBe(0)
  // what has not changed is evaluated once (a runner with HMR reloads all, as it does under plain Vite)
  expect((await server.ssrLoadModule('/page.js')).page).toBe(page)
})

test("files written beside a server that never listens are nobody's error", slow, async () => {
  const project = createProject({ 'main.js': stays })
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { ws: false },
    plugins: [tether({ entry: 'main.js', watch: '*.txt' })],
  })
  onTestFinished(() => server.close())
  const heard: unknown[] = []
  const caught = (error: unknown) => heard.push(error)
  process.on('uncaughtException', caught)
  onTestFinished(() => void process.off('uncaughtException', caught))
  await watched(server)
  for (const file of ['main.js', 'new.js', 'note.txt', '.env']) {
    const seen = once(server.watcher, 'all')
    project.write(file, `// ${file}\n`)
    await seen
  }
  expect(heard).toEqual([])
})

test('a server that a plugin makes of the config it was given leaves the app to the first', slow, async () => {
  const project = createProject({ 'main.js': `console.log('runs one')\n${stays}` })
  const seconds: ViteDevServer[] = []
  const compiler: Plugin = {
    name: 'compiler',
    config: (config) => void Object.assign(compiler, { given: config }),
    async configResolved() {
      const { given, seconds: done } = compiler as unknown as { given: object & { plugins: unknown[] }; seconds?: true }
      if (done) return
      Object.assign(compiler, { seconds: true })
      const plugins = given.plugins.flat().filter((plugin) => plugin !== compiler)
      const config = {
        ...given,
        configFile: false as const,
        server: { middlewareMode: true, ws: false as const },
        plugins,
      }
      seconds.push(await createServer(config as never))
    },
  }
  const after: Plugin = { name: 'after', config: (config) => void Object.assign(compiler, { given: config }) }
  const lines = createLines()
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false },
    plugins: [compiler, tether({ entry: 'main.js', stdio: 'pipe' }), after],
  })
  onTestFinished(() => server.close())
  const hub = getTether(server)
  hub.on('stdout', (_, line) => lines.push(line))
  await hub.ready
  await lines.line(/^runs one/)
  expect(seconds).toHaveLength(1)
  expect(await seconds[0]!.ssrLoadModule('/main.js').catch((error) => error)).toBeDefined()
  await seconds[0]!.close()
  project.edit('main.js', 'one', 'two')
  await lines.line(/^runs two/)
  expect(hub.runners).toHaveLength(1)
  expect(lines.lines.filter((line) => line === 'runs one')).toEqual(['runs one'])
})

test.each([
  ['main.ts', "console.log('runs ' + (await import(name)).default)"],
  ['main.cjs', "import(name).then((late) => console.log('runs ' + late.default))"],
])('a narrowed server.fs.allow is no business of a supervised app: %s', slow, async (entry, last) => {
  const project = createProject({
    'package.json': '{}',
    [entry]: `${last.replaceAll('name', "'./late.mjs'.slice()")}\n${stays}`,
    'late.mjs': "export default 'one'",
    'src/page.ts': 'export const page = 1',
  })
  const server = await startServer(project.root, { entry, attach: true }, { server: { fs: { allow: ['src'] } } })
  await server.line(/^runs one/)
  const { runner } = await attach(server, project.root)
  expect(await runner.import('/src/page.ts')).toMatchObject({ page: 1 })
  await expect(runner.import('/late.mjs')).rejects.toThrow(/may not serve/)
  await expect(runner.import(`/${entry}`)).rejects.toThrow(/may not serve/)
})
