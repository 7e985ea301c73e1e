import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { RunnerView } from '../../src/index.ts'
import { freePort, isAlive, processState, until } from '../support/child.ts'
import { inMiB, MiB, measured, percentile, scaled, spread } from '../support/measure.ts'
import { createProject, type Project } from '../support/project.ts'
import { startServer, type TestServer } from '../support/tether.ts'
import { startRunnerProcess, startViteProcess } from '../support/told.ts'

const TOKEN = 'a token of the fault suite'

/** A project with `count` modules to import before `main`. */
function smallApp(main: string, count = 20): Project {
  const names = Array.from({ length: count }, (_, i) => `m${i}`)
  return createProject({
    'main.ts': `${names.map((name) => `import './${name}.ts'`).join('\n')}\n${main}`,
    ...Object.fromEntries(names.map((name) => [`${name}.ts`, `export const ${name} = 1`])),
  })
}

/** An app that does what it is told by custom events, and answers. */
const ECHO = `
  import.meta.hot.on('faults:busy', (ms) => {
    const end = performance.now() + ms
    while (performance.now() < end);
    console.log('free')
  })
  import.meta.hot.on('faults:echo', (n) => import.meta.hot.send('faults:echoed', n))
  setInterval(() => {}, 10)
`

/** Milliseconds until the app answers. */
async function echo({ server }: TestServer, n: number): Promise<number> {
  const { hot } = server.environments.ssr!
  const started = performance.now()
  await new Promise<void>((resolve) => {
    hot.on('faults:echoed', (got: number) => got === n && resolve())
    hot.send('faults:echo', n)
  })
  return performance.now() - started
}

const ready = ({ hub }: TestServer) => until(() => hub.runners[0]?.state === 'ready', 'the app to be ready')

{
  const { length: times, scale } = scaled(100, 10)

  test('a child that is killed while it imports leaves nothing, and the next one is ready soon', async (context) => {
    const port = await freePort()
    const project = smallApp(`
      import { createServer } from 'node:http'
      const server = createServer()
      await new Promise((resolve, reject) => server.on('error', reject).listen(${port}, '127.0.0.1', resolve))
    `)
    const temporary = project.path('node_modules/tmp')
    mkdirSync(temporary, { recursive: true })
    const before = process.env.TMPDIR
    process.env.TMPDIR = temporary
    context.onTestFinished(() => {
      process.env.TMPDIR = before
      if (before === undefined) delete process.env.TMPDIR
    })
    const testServer = await startServer(project.root, { entry: 'main.ts' })
    await ready(testServer)
    const { hub } = testServer
    const files = () => readdirSync(temporary, { recursive: true }).sort()
    const held = files()
    const [{ id }] = hub.runners as [RunnerView]
    const took: number[] = []
    for (let i = 1; i <= times; i++) {
      const connecting = once(hub, 'runner:connect')
      await hub.restart(id)
      const [{ pid }] = (await connecting) as [RunnerView]
      const exiting = once(hub, 'exit')
      process.kill(pid!, 'SIGKILL')
      expect((await exiting)[2]).toBe('SIGKILL')
      const started = performance.now()
      const next = once(hub, 'runner:ready')
      project.write('m0.ts', `export const m0 = ${i}`)
      await next
      took.push(performance.now() - started)
    }
    measured(context, { figure: `save to ready: ${spread(took)}`, scale })
    expect(percentile(took, 0.95)).toBeLessThan(1_500)
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)
    expect(children.filter((pid) => processState(Number(pid)) === 'Z')).toEqual([])
    expect(files()).toEqual(held)
  }, 600_000)
}

const { length: times, scale } = scaled(50, 6)

test('Vite is killed and started again, half of the times in the middle of an import: the attached process stays', async (context) => {
  const project = createProject({
    'main.ts': "import './leaf.ts'\nexport const started = performance.now()\nimport.meta.hot.accept('./leaf.ts')",
    'leaf.ts': 'export const n = 0',
    ...Object.fromEntries(
      Array.from({ length: times }, (_, i) => [`slow${i}.ts`, `// SLOW TRANSFORM\nexport const n = ${i}`]),
    ),
  })
  const at = { root: project.root, port: await freePort(), token: TOKEN }
  let server = await startViteProcess(at)
  const runner = await startRunnerProcess(at, { ENTRY: '/main.ts' })
  const started = await runner.tell('import', '/main.ts', 'started')
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const imported = i % 2 === 0 ? runner.tell('import', `/slow${i}.ts`, 'n') : Promise.resolve(i)
    const from = runner.said.length
    await server.end()
    await runner.heard('disconnect', from)
    project.write('leaf.ts', `export const n = ${i + 1}`)
    server = await startViteProcess(at)
    const listening = performance.now()
    await runner.heard('resync', from)
    took.push(Math.max(0, performance.now() - listening))
    expect(await imported).toBe(i)
    expect(await runner.tell('import', '/leaf.ts', 'n')).toBe(i + 1)
  }
  measured(context, { figure: `listening to compared: ${spread(took)}`, scale })
  expect(await runner.tell('import', '/main.ts', 'started')).toBe(started)
  expect(await runner.tell('errors')).toEqual([])
  expect(runner.said.filter(({ event }) => event === 'resync')).toHaveLength(times)
  expect(percentile(took, 0.95)).toBeLessThan(1_000)
}, 600_000)

test('Vite is restarted for its config, half of the times in the middle of an import: the app process stays', async (context) => {
  const config = (n: number) => `export default { define: { __N__: ${n} } }`
  const project = createProject({
    'vite.config.ts': config(0),
    'main.ts': `
        import { n } from './named.ts'
        console.log('started ' + n)
        import.meta.hot.accept('./named.ts', (next) => console.log('now ' + next.n))
        import.meta.hot.on('faults:import', (i) =>
          import(/* @vite-ignore */ './late' + i + '.ts').then(({ late }) => console.log('late ' + late), (error) => console.log('BROKEN ' + error)))
        process.on('unhandledRejection', (error) => console.log('BROKEN ' + error))
        setInterval(() => {}, 1000)
      `,
    'named.ts': 'declare const __N__: number\nexport const n = __N__',
    ...Object.fromEntries(Array.from({ length: times + 1 }, (_, i) => [`late${i}.ts`, `export const late = ${i}`])),
  })
  const slowly = {
    name: 'slowly',
    transform: (_code: string, id: string) => (/late\d+\.ts$/.test(id) ? delay(100, undefined) : undefined),
  }
  const configFile = project.path('vite.config.ts')
  const testServer = await startServer(project.root, { entry: 'main.ts' }, { configFile, plugins: [slowly] })
  const { hub, server, line, lines } = testServer
  await line(/^started 0/)
  await ready(testServer)
  const [{ pid }] = hub.runners as [RunnerView]
  const took: number[] = []
  for (let i = 1; i <= times; i++) {
    if (i % 2 === 0) server.environments.ssr.hot.send('faults:import', i)
    const started = performance.now()
    // by the watcher or by hand: one of them comes first, and a second restart does no harm
    project.write('vite.config.ts', config(i))
    await line(new RegExp(`^now ${i}$`))
    took.push(performance.now() - started)
    if (i % 2 === 0) await line(new RegExp(`^late ${i}$`))
    await until(() => server.config.define?.__N__ === i, `the config of restart ${i}`)
    await until(() => server.watcher.getWatched()[project.root]?.includes('vite.config.ts'), 'the watcher')
  }
  measured(context, { figure: `config saved to applied: ${spread(took)}`, scale })
  expect(hub.runners[0]!.pid).toBe(pid)
  expect(lines.filter((each) => /^BROKEN|^started|restarted: /.test(each))).toEqual(['started 0'])
}, 600_000)

test('a stopped process is owed 1,000 messages', async (context) => {
  const { length, scale } = scaled(60_000, 20_000)
  const project = createProject({
    'main.ts': `const seen = []\nimport.meta.hot.on('faults:n', ({ n }) => seen.push(n))\nexport const taken = () => seen`,
  })
  const at = { root: project.root, port: await freePort(), token: TOKEN }
  const server = await startViteProcess(at)
  const runner = await startRunnerProcess(at, { ENTRY: '/main.ts' })
  const before = await server.sample()
  process.kill(runner.pid, 'SIGSTOP')
  await server.tell('send', 1_000, 16 * 1024)
  await delay(length)
  const after = await server.sample()
  process.kill(runner.pid, 'SIGCONT')
  const woken = performance.now()
  const taken: number[] = await until(
    async () => {
      const seen: number[] = await runner.tell('call', 'taken')
      return seen.length >= 1_000 && seen
    },
    'all messages',
    30_000,
  )
  const figure = `server RSS ${inMiB(after.rss - before.rss)} for 15.6 MiB owed, all taken ${(performance.now() - woken).toFixed(0)} ms after SIGCONT`
  measured(context, { figure, scale })
  expect(taken).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1))
  expect(runner.said.filter(({ event }) => event === 'resync' || event === 'end')).toEqual([])
  expect(after.rss - before.rss).toBeLessThan(40 * MiB)
}, 180_000)

test('a process in a busy loop is neither killed nor resynced', async (context) => {
  const { length, scale } = scaled(20_000, 20_000)
  const testServer = await startServer(smallApp(ECHO).root, { entry: 'main.ts' })
  await undisturbed(testServer, async () => {
    testServer.server.environments.ssr.hot.send('faults:busy', length)
    await testServer.line(/^free/)
    const ms = await echo(testServer, 1)
    measured(context, { figure: `answers ${ms.toFixed(0)} ms after the loop`, scale })
    expect(ms).toBeLessThan(2_000)
  })
}, 180_000)

test('a process at a breakpoint is neither killed nor resynced', async (context) => {
  const { length, scale } = scaled(60_000, 25_000)
  const testServer = await startServer(smallApp(ECHO).root, {
    entry: 'main.ts',
    execArgv: ['--inspect=127.0.0.1:0'],
  })
  const url = /ws:\S+/.exec(await testServer.line(/Debugger listening on/))![0]
  await undisturbed(testServer, async () => {
    const debug = new WebSocket(url)
    context.onTestFinished(() => debug.terminate())
    await once(debug, 'open')
    const paused = new Promise((resolve) => {
      debug.on('message', (text) => String(text).includes('"Debugger.paused"') && resolve(undefined))
    })
    debug.send('{"id":1,"method":"Debugger.enable"}')
    debug.send('{"id":2,"method":"Debugger.pause"}')
    await paused
    const waiting = echo(testServer, 2)
    await delay(length)
    debug.send('{"id":3,"method":"Debugger.resume"}')
    const resumed = performance.now()
    await waiting
    const ms = performance.now() - resumed
    measured(context, { figure: `answers ${ms.toFixed(0)} ms after it goes on`, scale })
    expect(ms).toBeLessThan(2_000)
  })
}, 180_000)

/** Does `work` while nothing may happen to the app's process and session. */
async function undisturbed(testServer: TestServer, work: () => Promise<void>): Promise<void> {
  await ready(testServer)
  const { hub } = testServer
  const [{ pid }] = hub.runners as [RunnerView]
  const events: string[] = []
  hub.on('exit', () => events.push('exit'))
  hub.on('runner:resync', () => events.push('resync'))
  await work()
  expect(events).toEqual([])
  expect(hub.runners).toMatchObject([{ pid, state: 'ready' }])
}

test('a server whose loop is blocked costs no resync', async (context) => {
  const { length, scale } = scaled(20_000, 20_000)
  const project = createProject({ 'main.ts': 'export const n = 1', 'late.ts': 'export const n = 2' })
  const at = { root: project.root, port: await freePort(), token: TOKEN }
  const server = await startViteProcess(at)
  const runner = await startRunnerProcess(at, { ENTRY: '/main.ts' })
  const blocked = server.tell('busy', length)
  const imported = runner.tell('import', '/late.ts', 'n')
  await blocked
  const free = performance.now()
  expect(await imported).toBe(2)
  const ms = performance.now() - free
  measured(context, { figure: `answers ${ms.toFixed(0)} ms after the block`, scale })
  expect(runner.said.filter(({ event }) => event === 'resync' || event === 'end')).toEqual([])
  expect(ms).toBeLessThan(3_000)
}, 120_000)

{
  const { length: times, scale } = scaled(50, 6)

  test('a child whose parent is killed is gone within 2 s, also while it is busy importing', async (context) => {
    const project = createProject({
      'calm.ts': 'setInterval(() => {}, 1000)',
      'busy.ts': 'const end = Date.now() + 20000\nwhile (Date.now() < end);',
    })
    const at = { root: project.root, port: await freePort(), token: TOKEN }
    const took: number[] = []
    for (let i = 0; i < times; i++) {
      const busy = i % 2 === 0
      const server = await startViteProcess(at, { ENTRY: join(project.root, busy ? 'busy.ts' : 'calm.ts') })
      const { pid } = await server.heard(busy ? 'connect' : 'ready')
      process.kill(server.pid, 'SIGKILL')
      const killed = performance.now()
      await until(() => !isAlive(pid!), `process ${pid} to be gone`, 10_000)
      took.push(performance.now() - killed)
    }
    measured(context, { figure: `gone after ${spread(took)}, max ${Math.max(...took).toFixed(0)} ms`, scale })
    expect(Math.max(...took)).toBeLessThan(2_000)
  }, 600_000)
}
