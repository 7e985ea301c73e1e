import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'vite'
import { expect, test } from 'vitest'
import { getTether, type RunnerView, tether } from '../../../src/index.ts'
import { createProject } from '../../support/project.ts'
import { startServer, type TestServer } from '../../support/tether.ts'

/** An app that answers over HTTP: the listener stays, what is behind it is replaced. */
const API = {
  'src/server.ts': `
    import { createServer } from 'node:http'
    import { answer } from './answer.ts'
    let current = answer
    const server = createServer((request, response) => response.end(current(request.url)))
    server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => console.log('listening ' + server.address().port))
    import.meta.hot?.accept('./answer.ts', (next) => { current = next.answer })
    import.meta.hot?.dispose(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections() }))
  `,
  'src/answer.ts': `
    import { store } from './store.ts'
    export const answer = (url) => 'v1 ' + ++store.hits
  `,
  'src/store.ts': 'export const store = { hits: 0 }',
}

async function startApi(options = {}) {
  const project = createProject(API)
  const server = await startServer(project.root, { entry: 'src/server.ts', ...options })
  const port = Number((await server.line(/^listening \d+/)).split(' ')[1])
  return { project, ...server, get: async (at = port) => (await fetch(`http://127.0.0.1:${at}/`)).text(), port }
}

const ready = (server: Pick<TestServer, 'hub'>) =>
  expect.poll(() => server.hub.runners.map(({ state }) => state)).toEqual(['ready'])
const nextExit = async ({ hub }: Pick<TestServer, 'hub'>) =>
  (await once(hub, 'exit')) as [RunnerView, number | null, string | null]

test('a save is applied in the running process: same listener, same state, Vite reports it once', async () => {
  const { project, get, hub, line, lines } = await startApi()
  expect(await get()).toBe('v1 1')
  const [{ pid }] = hub.runners as [RunnerView]
  project.edit('src/answer.ts', 'v1', 'v2')
  await line(/hot updated: src\/answer\.ts via src\/server\.ts \(1 module, \d+ ms\)/)
  expect(await get()).toBe('v2 2')
  expect(hub.runners).toMatchObject([{ pid, lastUpdate: { outcome: 'updated', evaluated: 1 } }])
  expect(lines.filter((each) => each.includes('hot updated'))).toHaveLength(1)
  expect(lines.filter((each) => /hmr update|page reload/.test(each))).toEqual([])
})

test('a save that nothing accepts restarts the process and says why; the port is free again', async () => {
  const { project, get, hub, line, port } = await startApi({ env: { PORT: String(await freePort()) } })
  await get()
  const [{ pid }] = hub.runners as [RunnerView]
  const exit = nextExit({ hub })
  project.edit('src/server.ts', "'listening '", "'again '")
  await line(/restarted: nothing accepts src\/server\.ts/)
  expect((await exit)[0].pid).toBeUndefined()
  await line(new RegExp(`^again ${port}`))
  expect(await get()).toBe('v1 1')
  expect(hub.runners[0]!.pid).not.toBe(pid)
})

test('the reason for a restart is the chain of importers', async () => {
  const project = createProject({
    'src/main.ts': "import { db } from './db.ts'\nconsole.log('db ' + db)\nsetInterval(() => {}, 1000)",
    'src/db.ts': 'export const db = 1',
  })
  const server = await startServer(project.root, { entry: 'src/main.ts' })
  await server.line(/^db 1/)
  project.write('src/db.ts', 'export const db = 2')
  await server.line(/restarted: nothing accepts src\/db\.ts <- src\/main\.ts/)
  await server.line(/^db 2/)
})

test('a process is not given up for a syntax error; the next good save applies', async () => {
  const { project, get, hub, line } = await startApi()
  await ready({ hub })
  await get()
  const [{ pid }] = hub.runners as [RunnerView]
  project.edit('src/server.ts', 'let current', 'let = current')
  await line(/still runs the code from before/)
  expect(await get()).toBe('v1 2')
  expect(hub.runners[0]!.pid).toBe(pid)
  project.edit('src/server.ts', 'let = current', 'let current')
  await line(/restarted:/)
  await expect.poll(() => hub.runners[0]!.state).toBe('ready')
  expect(hub.runners[0]!.pid).not.toBe(pid)
})

test('an entry that does not exist is named, and creating it starts it', async () => {
  const project = createProject({ 'src/other.ts': '' })
  const server = await startServer(project.root, { entry: 'src/server.ts' })
  await server.line(/The entry 'src\/server\.ts' does not exist/)
  project.write('src/server.ts', "console.log('started')")
  await server.line(/^started/)
})

test('an entry that cannot start waits for a save', async () => {
  const project = createProject({ 'main.ts': "console.log('first')\nthrow new Error('cannot start')" })
  const server = await startServer(project.root, { entry: 'main.ts' })
  const [, code] = await nextExit(server)
  expect(code).toBe(1)
  await server.line(/Error: cannot start/)
  await server.line(/main\.ts:2:7/)
  project.write('main.ts', "console.log('second')\nsetInterval(() => {}, 1000)")
  await server.line(/^second/)
  await ready(server)
})

test('an entry with a syntax error waits for a save', async () => {
  const project = createProject({ 'main.ts': 'const = 1' })
  const server = await startServer(project.root, { entry: 'main.ts' })
  await nextExit(server)
  expect(server.lines.join('\n')).toMatch(/main\.ts/)
  project.write('main.ts', "console.log('fixed')\nsetInterval(() => {}, 1000)")
  await server.line(/^fixed/)
})

test('a file that is no module starts an app again that crashed before it was written, and no other', async () => {
  const project = createProject({
    'done.ts': "console.log('done')",
    'crash.ts': "console.log('crash')\nthrow new Error('crash')",
    'old.txt': '',
  })
  const server = await startServer(project.root, { entry: ['done.ts', 'crash.ts'] })
  const runs = (name: string) => server.lines.filter((line) => line === name).length
  const ended = () => expect.poll(() => server.hub.runners.map(({ state }) => state)).toEqual(['idle', 'crashed'])
  await ended()
  const exits: string[] = []
  server.hub.on('exit', ({ id }) => exits.push(id))

  // an app that writes files would start itself again for ever: this one is told late
  server.server.watcher.emit('all', 'change', project.path('old.txt'))
  // right after the end a file may be the app's own: it is written again until it counts as a save
  const saved = () => {
    project.write('new.txt', '')
    return exits
  }
  await expect.poll(saved).toEqual(['crash.ts'])
  await ended()
  expect([runs('done'), runs('crash')]).toEqual([1, 2])

  project.edit('done.ts', "'done'", "'done again'")
  await server.line(/^done again/)
})

test('an import that finds nothing heals when the file is created', async () => {
  const project = createProject({
    'main.ts': "import { a } from './a'\nconsole.log('a is ' + a)\nsetInterval(() => {}, 1000)",
  })
  const server = await startServer(project.root, { entry: 'main.ts' })
  await nextExit(server)
  expect(server.lines.join('\n')).toMatch(/Cannot find module .*a' imported from .*main\.ts/)
  project.write('a.ts', 'export const a = 1')
  await server.line(/^a is 1/)
})

test('a burst of saves is one restart', async () => {
  const names = Array.from({ length: 300 }, (_, i) => `m${i}`)
  const project = createProject({
    'main.ts': `${names.map((name) => `import { v as ${name} } from './src/${name}.ts'`).join('\n')}
      console.log('sum ' + [${names}].reduce((a, b) => a + b))
      setInterval(() => {}, 1000)`,
    ...Object.fromEntries(names.map((name) => [`src/${name}.ts`, 'export const v = 1'])),
  })
  const server = await startServer(project.root, { entry: 'main.ts' })
  await server.line(/^sum 300$/)
  await ready(server)
  for (const name of names) project.write(`src/${name}.ts`, 'export const v = 2')
  await server.line(/^sum 600$/)
  await ready(server)
  expect(server.lines.filter((line) => line.includes('restarted:'))).toHaveLength(1)
})

test('the app process is what node would have made: environment, argv, no IPC, and .env by the rules of Vite', async () => {
  const project = createProject({
    '.env': 'VITE_NAME=vite\nSECRET=s3cret',
    'main.ts': `
      const { env, argv } = process
      console.log(JSON.stringify({
        vite: import.meta.env.VITE_NAME, hidden: import.meta.env.SECRET, ssr: import.meta.env.SSR,
        shell: env.SHELL_VAR, secret: env.SECRET, argv: argv.slice(1), send: typeof process.send,
        traces: Object.keys(env).filter((key) => /TETHER_(URL|TOKEN)/.test(key)),
      }))
    `,
  })
  const server = await startServer(project.root, { entry: 'main.ts', args: ['--flag', 'x'], env: { SHELL_VAR: 'yes' } })
  expect(JSON.parse(await server.line(/^\{/))).toEqual({
    vite: 'vite',
    ssr: true,
    shell: 'yes',
    argv: [project.path('main.ts'), '--flag', 'x'],
    send: 'undefined',
    traces: [],
  })
  const [, code] = await nextExit(server)
  expect(code).toBe(0)
})

test('two entries on one graph each do what is right for them', async () => {
  const project = createProject({
    'web.ts':
      "import { shared } from './shared.ts'\nconsole.log('web ' + shared)\nimport.meta.hot.accept('./shared.ts', (m) => console.log('web now ' + m.shared))\nsetInterval(() => {}, 1000)",
    'worker.ts': "import { shared } from './shared.ts'\nconsole.log('worker ' + shared)\nsetInterval(() => {}, 1000)",
    'cron.ts': "console.log('cron')\nsetInterval(() => {}, 1000)",
    'shared.ts': 'export const shared = 1',
  })
  const server = await startServer(project.root, { entry: ['web.ts', 'worker.ts', 'cron.ts'] })
  await Promise.all([server.line(/^web 1/), server.line(/^worker 1/), server.line(/^cron/)])
  await expect.poll(() => server.hub.runners.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready'])
  const before = server.hub.runners.map(({ pid }) => pid)
  project.write('shared.ts', 'export const shared = 2')
  await Promise.all([
    server.line(/^web now 2/),
    server.line(/^worker 2/),
    server.line(/nothing accepts shared\.ts <- worker\.ts/),
  ])
  const after = server.hub.runners.map(({ pid }) => pid)
  expect(after.map((pid, i) => pid === before[i])).toEqual([true, false, true])
})

test('with server.hmr off there is no import.meta.hot, and a save restarts', async () => {
  const project = createProject({
    'main.ts': "console.log('hot ' + typeof import.meta.hot)\nsetInterval(() => {}, 1000)",
  })
  const server = await startServer(project.root, { entry: 'main.ts' }, { server: { hmr: false } })
  await server.line(/^hot undefined/)
  await ready(server)
  project.edit('main.ts', "'hot '", "'again '")
  await server.line(/restarted: main\.ts changed/)
  await server.line(/^again undefined/)
})

test('the hub starts, restarts and stops runners without touching Vite', async () => {
  const project = createProject({
    'worker.ts': "console.log('worker ' + process.argv[2] + ' ' + process.env.QUEUE)\nsetInterval(() => {}, 1000)",
  })
  const server = await startServer(project.root)
  const id = await server.hub.start('worker.ts', { args: ['mail'], env: { QUEUE: 'q1' } })
  await server.line(/^worker mail q1/)
  await ready(server)
  const [{ pid }] = server.hub.runners as [RunnerView]
  await server.hub.restart(id)
  await expect.poll(() => server.hub.runners[0]!.state).toBe('ready')
  expect(server.hub.runners[0]!.pid).not.toBe(pid)
  await server.hub.stop(id)
  expect(server.hub.runners).toMatchObject([{ id, state: 'stopped', pid: undefined }])
  await expect(server.hub.stop('nope')).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  await expect(server.hub.start('nope.ts')).rejects.toMatchObject({ code: 'ERR_ENTRY' })
})

test('ssrLoadModule and environments of the user keep working', async () => {
  const project = createProject({ 'a.ts': 'export const a: number = 1' })
  const { server } = await startServer(project.root, {}, { environments: { edge: {} } })
  expect((await server.ssrLoadModule('/a.ts')).a).toBe(1)
  expect(server.environments.edge!.name).toBe('edge')
})

test("the user's own createEnvironment is refused by name, with the way out", async () => {
  const project = createProject({})
  const environments = { ssr: { dev: { createEnvironment: () => ({}) as never } } }
  const start = (options: Parameters<typeof tether>[0]) =>
    createServer({
      root: project.root,
      configFile: false,
      logLevel: 'silent',
      server: { middlewareMode: true, ws: false },
      environments,
      plugins: [tether(options)],
    })
  await expect(start({})).rejects.toThrow(
    /environments\.ssr\.dev\.createEnvironment.*tether\(\{ environment: 'backend' \}\)/s,
  )
})

test('an unknown option names the nearest one', () => {
  expect(() => tether({ limits: { pingafter: 1 } as never })).toThrow(/Unknown option 'pingafter' .* 'pingAfter'/)
  expect(() => tether({ limits: { calls: 0 } })).toThrow(
    /'calls' of tether\(\{ limits \}\) to be a number greater than 0, got 0/,
  )
  expect(() => tether({ limits: { pingAfter: 9, deadAfter: 8 } })).toThrow(/limits.deadAfter \(8\) must be greater/)
  expect(() => tether({ entri: 'x' } as never)).toThrow(/Unknown option 'entri' of tether\(\)\. Did you mean 'entry'\?/)
  expect(() => tether({ onUnaccepted: 'ignore' as never })).toThrow(
    /'onUnaccepted'.*'restart' or 'reload', got 'ignore'/,
  )
})

test('without an active plugin getTether says what is missing', async () => {
  const project = createProject({})
  const server = await createServer({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true, ws: false },
  })
  try {
    expect(() => getTether(server)).toThrow(/plugins: \[tether\(\)\]/)
  } finally {
    await server.close()
  }
})

async function freePort(): Promise<number> {
  const server = createHttpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

test('a save that the process does not live to see starts it again', async () => {
  const project = createProject({
    'app.ts': `
      console.log('first ' + process.pid)
      process.once('SIGUSR2', () => process.exit())
      setInterval(() => {}, 1000)
    `,
  })
  let server: TestServer | undefined
  const ends = {
    name: 'ends the app while the save is transformed',
    async transform(code: string) {
      const pid = server?.hub.runners[0]?.pid
      if (!code.includes('second') || !server || !pid) return
      const exit = nextExit(server)
      process.kill(pid, 'SIGUSR2')
      await exit
    },
  }
  server = await startServer(project.root, { entry: 'app.ts' }, { plugins: [ends] })
  await server.line(/^first \d+$/)
  await ready(server)
  project.edit('app.ts', 'first', 'second')
  await server.line(/^second \d+$/)
})
