/** The command and the plugin beside other users of Vite: each other, a frontend, tests, builds, servers of the app's own. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { tether } from '../../src/index.ts'
import { freePort, type Running, run, until } from '../support/child.ts'
import { createProject, type Project } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

const repository = resolve(import.meta.dirname, '../..')
const cli = join(repository, 'dist/cli.js')

/** A project with packages of this repository, itself among them. */
function createInstalled(files: Record<string, string>): Project {
  const project = createProject({ 'package.json': '{ "type": "module" }', ...files })
  mkdirSync(project.path('node_modules'), { recursive: true })
  for (const name of ['vite', 'vitest']) {
    symlinkSync(join(repository, 'node_modules', name), project.path(`node_modules/${name}`))
  }
  symlinkSync(repository, project.path('node_modules/vite-tether'))
  return project
}

function start({ root }: Pick<Project, 'root'>, argv: readonly string[]): Running {
  const { VITEST: _, NODE_ENV: __, ...env } = process.env
  const running = run(process.execPath, argv, { cwd: root, env: { ...env, NO_COLOR: '1', CI: '1' } })
  onTestFinished(() => running.end())
  return running
}

const bin = (project: Project, name: string) => project.path(`node_modules/${name}`)

/** Its second plugin says of each server whether the first one does anything in it. */
const CONFIG = `import { getTether, tether } from 'vite-tether'
  function configureServer(server) {
    try { getTether(server); console.log('tether is active') } catch { console.log('tether is inert') }
  }
  export default { plugins: [tether({ entry: 'src/server.ts' }), { name: 'probe', configureServer }] }`

/** Says in a file that it runs, wherever its output goes. */
const SERVER = `import { appendFileSync } from 'node:fs'
  import { text } from './shared.ts'
  appendFileSync('started', text + '\\n')
  console.log('server ' + text + ' ' + process.pid)
  setInterval(() => {}, 1e9)`

const FULL_STACK = {
  'vite.config.ts': CONFIG,
  'index.html': '<!doctype html><body><script type="module" src="/src/client.ts"></script></body>',
  'src/client.ts': `import { text } from './shared.ts'
    import { dep } from 'dep'
    document.body.textContent = text + dep
    import.meta.hot?.accept()`,
  'src/server.ts': SERVER,
  'src/shared.ts': "export const text: string = 'v1'",
  'src/shared.test.ts': `import { expect, it } from 'vitest'
    import { text } from './shared.ts'
    it('has a text', () => expect(text).toBe('v1'))`,
  'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0" }',
  'node_modules/dep/index.js': 'exports.dep = 1',
}

test('several commands in one root: each has its app, all get a save, one ends alone', async () => {
  const project = createProject({
    'a.ts': "import { text } from './shared.ts'\nconsole.log('a ' + text)\nsetInterval(() => {}, 1e9)",
    'b.ts': "import { text } from './shared.ts'\nconsole.log('b ' + text)\nsetInterval(() => {}, 1e9)",
    'shared.ts': "export const text: string = 'v1'",
  })
  const [first, second, third] = ['a.ts', 'a.ts', 'b.ts'].map((entry) => start(project, [cli, entry])) as [
    Running,
    Running,
    Running,
  ]
  for (const each of [first, second, third]) await each.match(/^[ab] v1[\s\S]*ready/m)
  project.edit('shared.ts', 'v1', 'v2')
  for (const each of [first, second, third]) await each.match(/^[ab] v2/m)
  second.child.kill('SIGTERM')
  expect((await second.exited).code).toBe(143)
  project.edit('shared.ts', 'v2', 'v3')
  for (const each of [first, third]) await each.match(/^[ab] v3/m)
})

test('several servers of a monorepo side by side update a package that they share, each in its own app', async () => {
  const app = (name: string) => `import { text } from 'shared'
    let current = text
    console.log('${name} ' + current)
    setInterval(() => {}, 1e9)
    import.meta.hot?.accept('shared', (next) => { current = next!.text; console.log('${name} now ' + current) })`
  const project = createProject({
    'package.json': '{ "workspaces": ["apps/*", "packages/*"] }',
    'apps/one/package.json': '{ "type": "module" }',
    'apps/one/main.ts': app('one'),
    'apps/two/package.json': '{ "type": "module" }',
    'apps/two/main.ts': app('two'),
    'packages/shared/package.json': '{ "name": "shared", "type": "module", "exports": "./index.ts" }',
    'packages/shared/index.ts': "export const text: string = 'v1'",
  })
  mkdirSync(project.path('node_modules'))
  symlinkSync('../packages/shared', project.path('node_modules/shared'))
  const one = await startServer(project.path('apps/one'), { entry: 'main.ts' })
  const two = await startServer(project.path('apps/two'), { entry: 'main.ts' })
  await Promise.all([one.line(/^one v1/), two.line(/^two v1/)])
  project.edit('packages/shared/index.ts', 'v1', 'v2')
  await Promise.all([one.line(/^one now v2/), two.line(/^two now v2/)])
  project.edit('apps/one/main.ts', "'one '", "'ONE '")
  await one.line(/^ONE v2/)
  expect(two.lines.filter((line) => /restarted|^two v/.test(line))).toHaveLength(1)
})

test('vite dev serves the frontend as ever while its config runs the app: a save updates browser, app or both', async () => {
  const project = createInstalled(FULL_STACK)
  const port = await freePort()
  const vite = start(project, [bin(project, 'vite/bin/vite.js'), '--port', String(port), '--strictPort'])
  await vite.match(/^server v1/m)
  const url = `http://localhost:${port}`
  expect(await (await fetch(url)).text()).toContain('src="/@vite/client"')
  const client = await (await fetch(`${url}/src/client.ts`)).text()
  expect(client).toContain('import.meta.hot = __vite__createHotContext("/src/client.ts")')
  const dep = /from "(\/node_modules\/\.vite\/deps\/dep\.js\?v=\w+)"|= __vite__cjsImport/.exec(client)
  expect(dep, client).not.toBeNull()
  expect(await (await fetch(`${url}/src/shared.ts`)).text()).toContain('v1')

  const browser = new WebSocket(`ws://localhost:${port}/?token=${await tokenOf(url)}`, 'vite-hmr')
  onTestFinished(() => browser.close())
  const received: { type: string; updates?: { path: string }[] }[] = []
  browser.on('message', (data) => received.push(JSON.parse(String(data))))
  await until(() => received.some(({ type }) => type === 'connected'), 'the browser to be connected')
  const updates = () => received.flatMap((each) => each.updates ?? []).map(({ path }) => path)

  project.edit('src/server.ts', "'server '", "'only the server '")
  await vite.match(/^only the server v1/m)
  project.edit('src/client.ts', 'text + dep', 'dep + text')
  await until(() => updates().includes('/src/client.ts'), 'an update of the browser')
  // of a file that was seen while it was being written there may be more than one
  const before = updates().length
  project.edit('src/shared.ts', 'v1', 'v2')
  await vite.match(/^only the server v2/m)
  await until(() => updates().length > before, 'another update of the browser')
  expect(project.read('started')).toBe('v1\nv1\nv2\n')
  expect(received.map(({ type }) => type)).not.toContain('full-reload')
})

test('the command does not touch what the frontend in its root has: the config, nor the cache of its packages', async () => {
  const project = createInstalled({
    ...FULL_STACK,
    'vite.config.ts': "export default { define: { FRONT: '1' }, optimizeDeps: { include: ['dep'] } }",
  })
  const frontend = await createServer({ root: project.root, logLevel: 'silent', server: { middlewareMode: true } })
  onTestFinished(() => frontend.close())
  const { client } = frontend.environments
  await client.depsOptimizer!.scanProcessing
  const metadata = () => project.read('node_modules/.vite/deps/_metadata.json')
  await until(() => existsSync(project.path('node_modules/.vite/deps/_metadata.json')), 'the packages to be cached')
  const before = metadata()
  const running = start(project, [cli, 'src/server.ts'])
  await running.match(/ready/)
  expect(metadata()).toBe(before)
  expect((await client.transformRequest('/src/client.ts'))?.code).toContain('/node_modules/.vite/deps/dep.js')
})

test.each([
  ['vitest run', (project: Project) => [bin(project, 'vitest/vitest.mjs'), 'run'], /1 passed/],
  [
    'vitest run with projects',
    (project: Project) => [bin(project, 'vitest/vitest.mjs'), 'run', '--config', 'projects.config.ts'],
    /1 passed/,
  ],
  ['vite build', (project: Project) => [bin(project, 'vite/bin/vite.js'), 'build'], /built in/],
])('%s does not start the app of its config', async (_, argv, done) => {
  const project = createInstalled({
    ...FULL_STACK,
    'projects.config.ts': "export default { test: { projects: ['vite.config.ts'] } }",
  })
  const running = start(project, argv(project))
  await running.match(done)
  expect((await running.exited).code).toBe(0)
  expect(existsSync(project.path('started')), running.text).toBe(false)
  expect(running.text).not.toContain('tether is active')
  if (existsSync(project.path('dist'))) {
    const [, script] = /src="(.*?)"/.exec(readFileSync(project.path('dist/index.html'), 'utf8'))!
    expect(project.read(`dist${script}`)).not.toMatch(/tether/)
  }
})

test('vite preview serves what was built, and starts nothing', async () => {
  const project = createInstalled({ ...FULL_STACK, 'dist/index.html': 'built' })
  const port = await freePort()
  const preview = start(project, [bin(project, 'vite/bin/vite.js'), 'preview', '--port', String(port), '--strictPort'])
  await preview.match(/Local:/)
  expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('built')
  preview.child.kill('SIGTERM')
  await preview.exited
  expect(existsSync(project.path('started'))).toBe(false)
})

/** An SSR server as people write it: it makes a Vite server of its own, with the config that starts it. */
const OWN_SERVER = `import { createServer } from 'vite'
  const vite = await createServer({ server: { middlewareMode: true, ws: false }, appType: 'custom' })
  const { text } = await vite.ssrLoadModule('/src/shared.ts')
  console.log('own server ' + text)
  await vite.close()
  console.log('closed')`

test('a server that the app makes for itself does not run the app again, whoever runs the app', async () => {
  const project = createInstalled({
    ...FULL_STACK,
    'vite.config.ts': CONFIG.replace('src/server.ts', 'src/own.ts'),
    'src/own.ts': `import { appendFileSync } from 'node:fs'\nappendFileSync('started', 'own\\n')\n${OWN_SERVER}`,
  })
  const command = start(project, [cli, '--once'])
  expect((await command.exited).code, command.text).toBe(0)
  expect(command.text).toMatch(/tether is active[\s\S]*tether is inert[\s\S]*own server v1\nclosed/)
  expect(project.read('started')).toBe('own\n')

  const server = await startServer(project.root, { attach: true })
  const { url, tokenFile } = server.hub.attach!
  const worker = start(project, [cli, 'attach', '--token-file', tokenFile!, url, 'src/own.ts'])
  await worker.match(/tether is inert[\s\S]*own server v1\nclosed/)
  expect(project.read('started')).toBe('own\nown\n')
})

test('a server in middleware mode outside of any app runs the entry of its config, and ends it when it is closed', async () => {
  const project = createInstalled({
    ...FULL_STACK,
    'own.mjs': `import { createServer } from 'vite'
      const vite = await createServer({ server: { middlewareMode: true, ws: false }, appType: 'custom' })
      process.once('SIGUSR2', async () => { await vite.close(); console.log('closed') })
      console.log('made')`,
  })
  const own = start(project, ['own.mjs'])
  const [, pid] = await own.match(/^server v1 (\d+)/m)
  await own.match(/^made$/m)
  process.kill(own.pid, 'SIGUSR2')
  await own.match(/closed/)
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  expect(project.read('started')).toBe('v1\n')
})

test('two plugins in one config need an environment each, and are told so', async () => {
  const project = createProject({
    'a.ts': "import { writeFileSync } from 'node:fs'\nwriteFileSync('a', import.meta.env.MODE)",
    'b.ts': "import { writeFileSync } from 'node:fs'\nwriteFileSync('b', import.meta.env.MODE)",
  })
  const options = { entry: 'a.ts', cwd: project.root, stdio: 'pipe' } as const
  await expect(startServer(project.root, {}, { plugins: [tether(options)] })).rejects.toThrow(
    "environments.ssr.dev.createEnvironment to be vite-tether's, but it is another tether()'s, whose entry may be a list",
  )
  await startServer(project.root, { ...options, entry: 'b.ts', environment: 'backend' }, { plugins: [tether(options)] })
  for (const name of ['a', 'b']) await until(() => existsSync(project.path(name)), name)
})

/** The secret that Vite's own client has in its code. */
async function tokenOf(url: string): Promise<string> {
  const code = await (await fetch(`${url}/@vite/client`)).text()
  return /const wsToken = "(.*?)"/.exec(code)![1]!
}
