import { once } from 'node:events'
import inspector from 'node:inspector'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { freePort, run } from '../../support/child.ts'
import { attachDebugger } from '../../support/debugger.ts'
import { createProject } from '../../support/project.ts'

const LISTENING = /^\[vite-tether\] Debugger listening on (ws:\S+)/

/** Lines that the compiler drops, so that no line of the code is that of its source. */
const TYPES = 'interface Order {\n  id: number\n}\ntype Orders = Order[]\n\n'

const APP = {
  'src/main.ts': `${TYPES}import { total } from './total.ts'
const orders: Orders = [{ id: 1 }]
let current = total
const tick = (): void => {
  console.log('total ' + current(orders))
}
process.on('SIGUSR2', tick)
setInterval(() => {}, 1000)
tick()
import.meta.hot?.accept('./total.ts', (next) => {
  current = next!.total
})
`,
  'src/total.ts': `${TYPES}export const made: Order = { id: 7 }
export function total(orders: Orders): number {
  const found = orders.length
  return found
}
`,
}

/** The URLs that processes have said they listen on, newest last. */
function urls({ lines }: TestApp): string[] {
  return lines.flatMap((line) => LISTENING.exec(line)?.[1] ?? [])
}

/** Has the app print its total. */
const tick = ({ hub }: TestApp): boolean => process.kill(hub.runners[0]!.pid!, 'SIGUSR2')

async function debug(files: Record<string, string>, flag = '--inspect=0', options = {}) {
  const app = await startApp(files, { execArgv: [flag], ...options })
  await app.line(LISTENING)
  return { app, debug: await attachDebugger(urls(app)[0]!) }
}

test('a debugger stops in TypeScript: in code that has run, after a hot update, and after a restart on the same port', async () => {
  const { app, debug: first } = await debug(APP)
  const { project } = app
  const total = project.path('src/total.ts')
  await app.line(/^total 1/)
  await first.breakpoint(total, 8)
  tick(app)
  expect(await first.stopped()).toMatchObject({ file: total, line: 8, frame: 'total' })
  expect(await first.evaluate('orders.length')).toBe(1)

  // what is saved while it is paused is applied as soon as it goes on
  const pid = app.hub.runners[0]!.pid!
  project.write('src/total.ts', `// a line more\n${project.read('src/total.ts').replace('orders.length', '$& + 41')}`)
  await first.go()
  await app.line(/hot updated: src\/total\.ts via src\/main\.ts/)
  tick(app)
  expect(await first.stopped()).toMatchObject({ file: total, line: 9 })
  await first.go('stepOver')
  expect(await first.stopped()).toMatchObject({ file: total, line: 10 })
  expect(await first.evaluate('found')).toBe(42)
  await first.go()
  await app.line(/^total 42/)
  expect(app.hub.runners[0]!.pid).toBe(pid)

  const restarted = once(app.hub, 'runner:ready')
  project.edit('src/main.ts', "'total '", "'sum '")
  await app.line(/restarted: nothing accepts src\/main\.ts/)
  await restarted
  const [before, after] = urls(app)
  expect(new URL(after!).port).toBe(new URL(before!).port)
  const second = await attachDebugger(after!)
  await second.breakpoint(total, 9)
  tick(app)
  expect(await second.stopped()).toMatchObject({ file: total, line: 9 })
  // one line for each process, and none of Node's own
  expect(app.lines.filter((line) => /debugger listening|For help, see/i.test(line))).toHaveLength(2)
  expect(inspector.url()).toBeUndefined()
})

test('a debugger stops in code that runs while it is loaded, and steps through the source', async () => {
  const { app, debug: client } = await debug(APP, '--inspect-wait=0')
  const { path } = app.project
  await client.breakpoint(path('src/total.ts'), 6)
  await client.breakpoint(path('src/main.ts'), 10)
  await client.send('Runtime.runIfWaitingForDebugger')
  expect(await client.stopped()).toMatchObject({ file: path('src/total.ts'), line: 6 })
  await client.go()
  const lines: string[] = []
  const record = async (): Promise<void> => {
    const { file, line } = await client.stopped()
    lines.push(`${file.replace(`${app.project.root}/`, '')}:${line}`)
  }
  await record()
  for (const how of ['stepInto', 'stepOver', 'stepOut'] as const) {
    await client.go(how)
    await record()
  }
  expect(lines).toEqual(['src/main.ts:10', 'src/total.ts:8', 'src/total.ts:9', 'src/main.ts:10'])
})

test.each([
  ['an ES module', 'src/main.ts', `${TYPES}import './dep.ts'\nconsole.log('up')`, 6],
  ['CommonJS', 'src/main.cjs', "require('./dep.ts')\nconsole.log('up')", 1],
  ['CommonJS in TypeScript', 'src/main.cts', `${TYPES}import dep = require('./dep.ts')\nconsole.log('up', dep)`, 6],
  ['without imports', 'src/main.js', "console.log('up')", 1],
])(
  'a debugger that was asked to stop at the start stops at the first line of the app: %s',
  async (_, entry, code, line) => {
    const files = { [entry]: code, 'src/dep.ts': "console.log('dep ran')\nexport const dep = 1", 'package.json': '{}' }
    const { app, debug: client } = await debug(files, '--inspect-brk=0', { entry })
    expect(app.lines.join('\n')).toContain('(the app waits for it)')
    await client.send('Runtime.runIfWaitingForDebugger')
    expect(await client.stopped()).toMatchObject({ file: app.project.path(entry), line })
    expect(app.lines.join('\n')).not.toMatch(/dep ran|^up/m)
    await client.go()
    await app.line(/^up/)
  },
)

test.each([
  ['SIGUSR1', (pid: number) => process.kill(pid, 'SIGUSR1')],
  ['inspector.open()', (pid: number) => process.kill(pid, 'SIGWINCH')],
])('a debugger that comes later, by %s, stops in code that was there before', async (_, open) => {
  const app = await startApp(
    {
      ...APP,
      'src/main.ts': `import { open } from 'node:inspector'\n${APP['src/main.ts']}
process.on('SIGWINCH', () => open(0))
process.on('SIGCONT', async () => console.log('later', typeof (await import('node:os')).EOL))
console.log('all is up')
`,
    },
    { execArgv: ['--inspect-port=0'], env: { DEBUG: 'vite-tether:inspector' } },
  )
  const { path, edit } = app.project
  await app.line(/^all is up/)
  open(app.hub.runners[0]!.pid!)
  const [, url] = /listening on (ws:\S+)/.exec(await app.line(/listening on ws:/))!
  await app.line(/2 scripts have source maps now/)
  const client = await attachDebugger(url!)
  expect(client.sources()).toEqual(expect.arrayContaining([path('src/main.ts'), path('src/total.ts')]))
  await client.breakpoint(path('src/total.ts'), 8)
  tick(app)
  expect(await client.stopped()).toMatchObject({ file: path('src/total.ts'), line: 8 })
  expect(await client.evaluate('new Error("x").stack')).toContain(`${path('src/total.ts')}:8:`)
  await client.go()
  // what runs is still the app's own: it imports, and is updated
  process.kill(app.hub.runners[0]!.pid!, 'SIGCONT')
  await app.line(/^later string/)
  edit('src/total.ts', 'orders.length', 'orders.length + 41')
  await app.line(/hot updated/)
  tick(app)
  expect(await client.stopped()).toMatchObject({ file: path('src/total.ts'), line: 8 })
})

test('a debugger is told by what the app starts that nothing wants the same port', async () => {
  const app = await startApp(
    {
      'src/main.ts': `
          import { fork } from 'node:child_process'
          import cluster from 'node:cluster'
          import { Worker } from 'node:worker_threads'
          const ends = (each) => new Promise((resolve) => each.once('exit', resolve))
          await ends(fork(new URL('./child.ts', import.meta.url)))
          await ends(new Worker(new URL('./child.ts', import.meta.url)))
          cluster.setupPrimary({ exec: new URL('./child.ts', import.meta.url).pathname })
          await ends(cluster.fork())
          console.log('all have ended')
        `,
      'src/child.ts': "console.log('child runs')\nprocess.disconnect?.()",
    },
    { execArgv: ['--inspect=0'] },
  )
  await app.line(/^all have ended/)
  expect(app.lines.filter((line) => line === 'child runs')).toHaveLength(3)
  const output = app.lines.join('\n')
  const port = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(output)![1]
  // that of a cluster worker is the next one, which any program may have
  expect(output).not.toContain(`127.0.0.1:${port} failed`)
})

test.each([
  ['an app that ends itself', "process.on('SIGTERM', () => process.exit(3))", [3, null]],
  ['an app without a handler', '', [null, 'SIGTERM']],
])('a debugger that stays attached does not keep a process from ending: %s', async (_, code, ended) => {
  const { app } = await debug({ 'src/main.ts': `${code}\nsetInterval(() => {}, 1000)\nconsole.log('up')` })
  await app.line(/^up/)
  const exited = once(app.hub, 'exit')
  await app.hub.restart()
  expect((await exited).slice(1, 3)).toEqual(ended)
})

test('a debugger cannot attach where another program has the port, and the terminal says what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const app = await startApp({ 'src/main.ts': "console.log('runs')" }, { execArgv: [`--inspect=${port}`] })
  await app.line(new RegExp(`another program has the port of --inspect=${port}\\. --inspect=0 takes one that is free`))
  await app.line(/^runs/)
})

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const start = (argv: string[], env: NodeJS.ProcessEnv) => {
  const project = createProject({
    'src/main.ts': "setInterval(() => {}, 1000)\nconsole.log('up', process.env.NODE_OPTIONS)",
  })
  const running = run(process.execPath, [cli, ...argv, 'src/main.ts'], {
    cwd: project.root,
    env: { ...process.env, ...env },
  })
  onTestFinished(() => running.end())
  return { project, running }
}

test('the command leaves the inspector of NODE_OPTIONS to the app', async () => {
  const port = await freePort()
  const { running, project } = start([], { NODE_OPTIONS: `--inspect=${port} --no-warnings` })
  await running.match(/^up --no-warnings$/m)
  const [, url] = await running.match(/\[vite-tether\] Debugger listening on (ws:\S+)/)
  expect(new URL(url!).port).toBe(String(port))
  const client = await attachDebugger(url!)
  expect(client.sources()).toEqual([project.path('src/main.ts')])
})

test('the command works with the auto attach of an editor, which preloads a file into every process', async () => {
  const { path } = createProject({
    'boot.cjs': "require('node:inspector').open(0, undefined, false)\nconsole.error('pid ' + process.pid)",
  })
  const { running, project } = start([], { NODE_OPTIONS: `--require ${path('boot.cjs')}` })
  await running.match(/^up/m)
  const [, pid] = await running.match(/ready in \d+ ms, pid (\d+)/)
  const [, url] = new RegExp(`listening on (ws:\\S+)(?:(?!listening)[^])*pid ${pid}\\n`).exec(running.text)!
  expect((await attachDebugger(url!)).sources()).toEqual([project.path('src/main.ts')])
})
