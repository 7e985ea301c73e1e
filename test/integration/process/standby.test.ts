import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { createDeferred } from '../../../src/shared/util/deferred.ts'
import { isAlive, processState, run, until } from '../../support/child.ts'
import { childrenOf } from '../../support/container.ts'
import { createProject } from '../../support/project.ts'
import { startServer, type TestServer } from '../../support/tether.ts'

/** Starts `files` and resolves once the next process of the app waits. */
async function startApp(files: Record<string, string>, options: TetherOptions = {}) {
  const project = createProject(files)
  const server = await startServer(project.root, { entry: 'main.ts', ...options })
  return { project, ...server, standby: await standbyOf(server) }
}

/** The pid of the process that waits, once it holds the code of the app. */
async function standbyOf({ hub }: Pick<TestServer, 'hub'>, not?: number): Promise<number> {
  return until(() => {
    const { pid, memory = 0 } = hub.runners[0]?.standby ?? {}
    return memory > 1024 * 1024 && pid !== not && pid
  }, 'a process that waits')
}

const pidOf = ({ hub }: Pick<TestServer, 'hub'>) => hub.runners[0]!.pid
const count = (lines: readonly string[], pattern: RegExp) => lines.filter((line) => pattern.test(line)).length

const ALIVE = 'setInterval(() => {}, 1000)'

test('the process that waits takes over when nothing accepts a save, with the code of that save and of those before', async () => {
  const app = await startApp({
    'main.ts': `import { a } from './a.ts'\nimport { b } from './b.ts'\nconsole.log('runs ' + a + b)\n${ALIVE}`,
    'a.ts': "export const a = 'a1'\nif (import.meta.hot) import.meta.hot.accept()",
    'b.ts': "export const b = 'b1'",
  })
  expect(app.hub.runners[0]!.standby).toMatchObject({ modules: 3 })
  app.project.edit('a.ts', 'a1', 'a2')
  await app.line(/hot updated: a\.ts/)
  app.project.edit('b.ts', 'b1', 'b2')
  await app.line(/^runs a2b2$/)
  expect(pidOf(app)).toBe(app.standby)
  await expect.poll(() => app.hub.runners[0]!.state).toBe('ready')
  expect(count(app.lines, /^runs/)).toBe(2)
  await standbyOf(app, app.standby)
})

test('until its turn it runs no code of the app, loads no package, and is no runner for anybody', async () => {
  const project = createProject({
    'main.ts': `import 'noisy'\nconsole.log('main ' + process.pid)\nimport.meta.hot?.on('news', (pid) => console.log('news ' + process.pid))\n${ALIVE}`,
    'node_modules/noisy/package.json': '{ "name": "noisy", "main": "index.js" }',
    'node_modules/noisy/index.js': "console.log('noisy ' + process.pid)",
  })
  const server = await startServer(project.root, { entry: 'main.ts' })
  const { hot } = server.server.environments.ssr!
  let connects = 0
  hot.on('vite:client:connect', () => connects++)
  const standby = await standbyOf(server)
  const pid = pidOf(server)
  hot.send('news', {})
  await server.line(/^news/)
  expect(server.lines.filter((line) => /^(noisy|main|news)/.test(line))).toEqual([
    `noisy ${pid}`,
    `main ${pid}`,
    `news ${pid}`,
  ])
  const known = connects
  await server.hub.restart()
  await server.line(new RegExp(`^main ${standby}$`))
  expect(connects).toBe(known + 1)
  hot.send('news', {})
  await server.line(new RegExp(`^news ${standby}$`))
})

test('to the app it looks as if node had been started with it', async () => {
  const app = await startApp(
    {
      'package.json': '{ "type": "commonjs" }',
      'main.ts': `
        const { argv, execArgv, env, cwd, uptime, title } = process
        console.log('sees ' + JSON.stringify({
          argv, execArgv, env, cwd: cwd(), title, main: require.main === module, send: typeof process.send,
          signals: process.eventNames().map((name) => [String(name), process.listenerCount(name)]).sort(),
          input: [process.stdin.readableFlowing, process.stdin.bytesRead],
        }))
        console.log('waited ' + (performance.now() / 1000 - uptime() > 0.05))
        ${ALIVE}
      `,
    },
    { args: ['--flag', 'x'], execArgv: ['--no-deprecation'], env: { GIVEN: 'yes' } },
  )
  const fresh = await app.line(/^sees/)
  expect(JSON.parse(fresh.slice(5))).toMatchObject({ main: true, env: { GIVEN: 'yes' } })
  await app.hub.restart()
  await expect.poll(() => count(app.lines, /^sees/)).toBe(2)
  expect(pidOf(app)).toBe(app.standby)
  expect(app.lines.findLast((line) => line.startsWith('sees'))).toBe(fresh)
  // its uptime is not that of its wait
  await app.line(/^waited true$/)
  expect(app.lines).toContain('waited false')
})

test('an env file that was edited meanwhile is read: the process that waits is of no use', async () => {
  const { path } = createProject({ 'app.env': 'NAME=first' })
  const app = await startApp(
    { 'main.ts': `console.log('name ' + process.env.NAME)\n${ALIVE}` },
    { execArgv: [`--env-file=${path('app.env')}`] },
  )
  await app.hub.restart()
  await expect.poll(() => count(app.lines, /^name first$/)).toBe(2)
  expect(pidOf(app)).toBe(app.standby)
  const next = await standbyOf(app, app.standby)
  writeFileSync(path('app.env'), 'NAME=second')
  await app.hub.restart()
  await app.line(/^name second$/)
  expect(pidOf(app)).not.toBe(next)
  await until(() => !isAlive(next), 'the useless process to end')
})

test('import.meta.env is that of the moment, also after a restart of Vite', async () => {
  const app = await startApp({
    'main.ts': `console.log('name ' + import.meta.env.VITE_NAME)\n${ALIVE}`,
    '.env': 'VITE_NAME=first',
  })
  await app.server.restart()
  await app.hub.restart()
  await expect.poll(() => count(app.lines, /^name first$/)).toBe(2)
  expect(pidOf(app)).toBe(app.standby)
  await standbyOf(app, app.standby)
  app.project.write('.env', 'VITE_NAME=second')
  await app.line(/^name second$/)
})

test('it follows what is saved while Vite restarts', async () => {
  const app = await startApp({
    'main.ts': `import { a } from './a.ts'\nconsole.log('runs ' + a)\n${ALIVE}`,
    'a.ts': 'export const a = 1',
  })
  app.project.write('a.ts', 'export const a = 2')
  await app.server.restart()
  await app.line(/^runs 2$/)
})

test('a syntax error costs nothing, and its correction starts the process that waits', async () => {
  const app = await startApp({
    'main.ts': `import { a } from './a.ts'\nconsole.log('runs ' + a)\n${ALIVE}`,
    'a.ts': 'export const a = 1',
  })
  const { pid } = app.hub.runners[0]!
  app.project.write('a.ts', 'export const = 2')
  await app.line(/still runs the code from before/)
  expect(app.hub.runners).toMatchObject([{ pid, standby: { pid: app.standby } }])
  app.project.write('a.ts', "import { b } from './b.ts'\nexport const a = 3 + b")
  await app.line(/still runs the code from before/)
  app.project.write('b.ts', 'export const b = 4')
  await app.line(/^runs 7$/)
  expect(pidOf(app)).toBe(app.standby)
})

test('a save during the take-over is not lost', async () => {
  const app = await startApp({
    'main.ts': `import { a } from './a.ts'\nconsole.log('begins ' + a)\nif (a > 1) await new Promise(() => {})\n${ALIVE}`,
    'a.ts': 'export const a = 1',
  })
  app.project.write('a.ts', 'export const a = 2')
  await app.line(/^begins 2$/)
  expect(app.hub.runners).toMatchObject([{ pid: app.standby, state: 'starting' }])
  app.project.write('a.ts', 'export const a = 0')
  await app.line(/^begins 0$/)
  await expect.poll(() => app.hub.runners[0]!.state).toBe('ready')
})

test('what is saved while the old process stops is what the next one begins with', async () => {
  const held = createDeferred<void>()
  const holds = {
    name: 'holds a save back',
    transform: (code: string) => (code.includes('second') ? held.promise.then(() => null) : null),
  }
  const project = createProject({
    'main.ts': `import { a } from './a.ts'\nconsole.log('runs ' + a)\nprocess.on('SIGTERM', () => console.log('stops'))\n${ALIVE}`,
    'a.ts': "export const a = 'first'",
  })
  const server = await startServer(project.root, { entry: 'main.ts' }, { plugins: [holds] })
  const standby = await standbyOf(server)
  const { pid } = server.hub.runners[0]!
  const restarted = server.hub.restart()
  await server.line(/^stops$/)
  const seeds = once(server.server.watcher, 'change')
  project.edit('a.ts', 'first', 'second')
  await seeds
  process.kill(pid!, 'SIGKILL')
  await restarted
  expect(pidOf(server)).toBe(standby)
  held.resolve()
  await server.line(/^runs second$/)
  expect(count(server.lines, /^runs/)).toBe(2)
})

test('an app that ignores the signal is killed, and the process that waits takes over', async () => {
  const app = await startApp(
    { 'main.ts': `process.on('SIGTERM', () => console.log('ignored'))\nconsole.log('runs ' + process.pid)\n${ALIVE}` },
    { stop: { timeout: 300 } },
  )
  const { pid } = app.hub.runners[0]!
  await app.hub.restart()
  await app.line(new RegExp(`^runs ${app.standby}$`))
  expect(app.lines).toContain('ignored')
  expect(isAlive(pid!)).toBe(false)
})

test('one that dies is replaced in silence', async () => {
  const app = await startApp({ 'main.ts': `console.log('runs ' + process.pid)\n${ALIVE}` })
  const lines = [...app.lines]
  process.kill(app.standby, 'SIGKILL')
  const next = await standbyOf(app, app.standby)
  expect(app.lines).toEqual(lines)
  await app.hub.restart()
  await app.line(new RegExp(`^runs ${next}$`))
})

test('one that dies in the moment of its turn is replaced by a fresh process', async () => {
  const app = await startApp({ 'main.ts': `console.log('runs ' + process.pid)\n${ALIVE}` })
  process.kill(app.standby, 'SIGSTOP')
  await until(() => processState(app.standby) === 'T', 'the standby to be suspended')
  await app.hub.restart()
  expect(pidOf(app)).toBe(app.standby)
  process.kill(app.standby, 'SIGKILL')
  await expect.poll(() => count(app.lines, /^runs/)).toBe(2)
  expect(app.lines).not.toContain(`runs ${app.standby}`)
  expect(count(app.lines, /was killed|exited/)).toBe(0)
})

test('one that could not be told of all saves compares what it holds when it can hear again', async () => {
  const big = (version: number) =>
    `export const version = ${version}\nexport const text = '${'x'.repeat(7_000_000)}${version}'`
  const app = await startApp({
    'main.ts': `import { version } from './big.ts'\nconsole.log('runs ' + version)\nimport.meta.hot.accept('./big.ts', (m) => console.log('has ' + m.version))\n${ALIVE}`,
    'big.ts': big(1),
  })
  process.kill(app.standby, 'SIGSTOP')
  for (let version = 2; version <= 7; version++) {
    app.project.write('big.ts', big(version))
    await app.line(new RegExp(`^has ${version}$`))
  }
  // its turn is on its way when it learns that something was lost
  await app.hub.restart()
  process.kill(app.standby, 'SIGCONT')
  await app.line(/^runs 7$/)
  expect(pidOf(app)).toBe(app.standby)
  // 7 MB go through each step with each save, and 32 MiB may wait
}, 60_000)

test('an app that has ended has one as well, and all of it ends with the hub', async () => {
  const app = await startApp({ 'main.ts': "console.log('done')" })
  expect(app.hub.runners).toMatchObject([{ state: 'idle', pid: undefined }])
  app.project.write('main.ts', "console.log('done again')")
  await app.line(/^done again$/)
  const next = await standbyOf(app, app.standby)
  await app.hub.stop('main.ts')
  expect(isAlive(next)).toBe(false)
  expect(app.hub.runners[0]!.standby).toBeUndefined()
})

test('without it there is none, and a restart is one from scratch', async () => {
  const project = createProject({ 'main.ts': `console.log('runs ' + process.pid)\n${ALIVE}` })
  const server = await startServer(project.root, { entry: 'main.ts', standby: false })
  await server.line(/^runs/)
  const standby = once(server.hub, 'runner:standby').then(() => 'a standby')
  await server.hub.restart()
  await expect.poll(() => count(server.lines, /^runs/)).toBe(2)
  await expect.poll(() => server.hub.runners[0]!.state).toBe('ready')
  expect(await Promise.race([standby, 'none'])).toBe('none')
})

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** Starts the command and resolves with the pids of the app and of what waits. */
async function command(code: string, flags: string[] = []) {
  const project = createProject({ 'main.ts': code })
  const env = { ...process.env, NO_COLOR: '1' }
  const running = run(process.execPath, [cli, ...flags, 'main.ts'], { cwd: project.root, env })
  onTestFinished(() => running.end())
  const pid = Number((await running.match(/^runs (\d+)$/m))[1])
  const standby = async (not: number) =>
    until(() => nodes(running.pid).find((child) => child !== pid && child !== not), 'a standby')
  return { running, project, pid, standby }
}

const nodes = (parent: number) =>
  childrenOf(parent).flatMap((each) => (/^node|MainThread/.test(each.name) ? each.pid : []))

test.skipIf(process.platform === 'win32')(
  'under the command both processes end when their parent is killed',
  async () => {
    const { running, pid, standby } = await command(`console.log('runs ' + process.pid)\n${ALIVE}`)
    const waiting = await standby(0)
    process.kill(running.pid, 'SIGKILL')
    await until(() => !isAlive(pid) && !isAlive(waiting), 'both to be gone', 5000)
    expect(running.text).not.toMatch(/Error/)
  },
)

test.skipIf(process.platform === 'win32')(
  'under the command both processes end with Ctrl+C, and the exit code is that of the app',
  async () => {
    const { running, pid, standby } = await command(
      `console.log('runs ' + process.pid)\nprocess.on('SIGINT', () => process.exit(7))\n${ALIVE}`,
    )
    const waiting = await standby(0)
    process.kill(running.pid, 'SIGINT')
    expect(await running.exited).toEqual({ code: 7, signal: null })
    expect([isAlive(pid), isAlive(waiting)]).toEqual([false, false])
  },
)

test.skipIf(process.platform === 'win32')(
  'under the command what comes on stdin is read by the process whose turn it is',
  async () => {
    const { running, project, standby } = await command(
      `console.log('runs ' + process.pid)\nprocess.stdin.on('data', (text) => console.log('read ' + process.pid + ' ' + text))\n${ALIVE}`,
    )
    const [, first] = await running.match(/^runs (\d+)$/m)
    const waiting = await standby(0)
    running.child.stdin!.write('one\n')
    await running.match(new RegExp(`^read ${first} one`, 'm'))
    project.edit('main.ts', 'read ', 'got ')
    await running.match(new RegExp(`^runs ${waiting}$`, 'm'))
    running.child.stdin!.write('two\n')
    await running.match(new RegExp(`^got ${waiting} two`, 'm'))
  },
)

test.skipIf(process.platform === 'win32')('under the command --no-standby starts none', async () => {
  const { running, project, pid } = await command(`console.log('runs ' + process.pid)\n${ALIVE}`, ['--no-standby'])
  project.edit('main.ts', 'runs', 'runs again')
  const [, next] = await running.match(/^runs again (\d+)$/m)
  await until(() => !isAlive(pid), 'the first process to be gone')
  expect(nodes(running.pid)).toEqual([Number(next)])
})
