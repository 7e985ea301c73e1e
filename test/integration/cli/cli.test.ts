import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, isAlive, processState, type Running, run, until } from '../../support/child.ts'
import { createProject, type Project } from '../../support/project.ts'
import { CTRL_C, CTRL_Z, hasTerminal, openTerminal, type Terminal } from '../../support/terminal.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** An API whose store survives updates of what is behind the listener. */
const API = {
  'src/server.ts': `
    import { createServer } from 'node:http'
    import { answer } from './answer.ts'
    let current = answer
    const server = createServer((_, response) => response.end(current()))
    server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
      console.log('listening ' + (server.address() as { port: number }).port + ' pid ' + process.pid)
    })
    import.meta.hot?.accept('./answer.ts', (next) => { current = next!.answer })
    import.meta.hot?.dispose(() => { console.log('disposed'); server.close(); server.closeAllConnections() })
  `,
  'src/answer.ts': "import { store } from './store.ts'\nexport const answer = (): string => 'v1 ' + ++store.hits",
  'src/store.ts': 'export const store = { hits: 0 }',
}

function start({ root }: Project, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const running = run(process.execPath, [cli, ...argv], { cwd: root, env: { ...process.env, NO_COLOR: '1', ...env } })
  onTestFinished(() => running.end())
  return running
}

function startAtTerminal({ root }: Project, argv: readonly string[]): Terminal {
  const terminal = openTerminal([process.execPath, cli, ...argv], root)
  onTestFinished(() => terminal.end())
  return terminal
}

async function listening(running: Running, from = 0): Promise<{ port: string; pid: number }> {
  const [, port, pid] = await running.match(/listening (\d+) pid (\d+)/, from)
  return { port: port!, pid: Number(pid) }
}

const get = async (port: string) => (await fetch(`http://127.0.0.1:${port}/`)).text()

test('an app that goes on is told to be ready, updated in place with its state, and restarted when nothing accepts a save', async () => {
  const project = createProject(API)
  const port = String(await freePort())
  const running = start(project, ['src/server.ts', port])
  const { pid } = await listening(running)
  await running.match(new RegExp(`\\[vite-tether\\] ready in \\d+ ms, pid ${pid}\\n`))
  expect(await get(port)).toBe('v1 1')

  project.edit('src/answer.ts', 'v1', 'v2')
  await running.match(/hot updated: src\/answer\.ts via src\/server\.ts \(1 module, \d+ ms\)/)
  expect(await get(port)).toBe('v2 2')

  const before = running.text.length
  project.edit('src/server.ts', "'listening '", "'now listening '")
  await running.match(/restarted: nothing accepts src\/server\.ts/, before)
  const next = await listening(running, before)
  expect(next.port).toBe(port)
  expect(await get(port)).toBe('v2 1')
  expect(isAlive(pid)).toBe(false)
  expect(running.text.match(/disposed/g)).toHaveLength(1)
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('an app that goes on ends with %s, leaving nothing, as a shell would see it', async (signal, code) => {
  const running = start(createProject(API), ['src/server.ts'])
  const { pid, port } = await listening(running)
  running.child.kill(signal)
  expect(await running.exited).toEqual({ code, signal: null })
  expect(isAlive(pid)).toBe(false)
  expect(running.text.match(/disposed/g)).toHaveLength(1)
  await expect(get(port)).rejects.toThrow()
})

test('an app that goes on ends with the code that the app chooses when it is interrupted', async () => {
  const project = createProject({
    'app.ts':
      "process.on('SIGINT', () => { console.log('bye'); process.exit(5) })\nsetInterval(() => {}, 1000)\nconsole.log('up')",
  })
  const running = start(project, ['app.ts'])
  await running.match(/^up$/m)
  running.child.kill('SIGINT')
  expect(await running.exited).toEqual({ code: 5, signal: null })
  expect(running.text.match(/bye/g)).toHaveLength(1)
})

test('an app that goes on waits for a save when it has ended, and when it has crashed', async () => {
  const project = createProject({ 'app.ts': "console.log('one')" })
  const running = start(project, ['app.ts'])
  await running.match(/exited 0, waiting for a save/)
  let before = running.text.length
  project.write('app.ts', "console.log('two')\nthrow new Error('boom')")
  await running.match(/exited with code 1 while starting, waiting for a save/, before)
  expect(running.text).toMatch(/Error: boom\n\S+app\.ts:2:7\n[\s\S]*\n\s+at .*app\.ts:2:7/)
  before = running.text.length
  project.write('app.ts', "console.log('three')")
  await running.match(/^three$/m, before)
  await running.match(/exited 0, waiting for a save/, before)
})

test('an app that goes on starts again with a save that came while it was about to crash', async () => {
  const project = createProject({
    'app.ts':
      "setInterval(() => {}, 1000)\nconsole.log('up ' + process.pid)\nawait new Promise((go) => process.once('SIGUSR2', go))\nthrow new Error('boom')",
  })
  const running = start(project, ['app.ts'], { DEBUG: 'vite-tether:hub' })
  const pid = Number((await running.match(/^up (\d+)$/m))[1])
  const before = running.text.length
  project.write('app.ts', "console.log('good ' + process.pid)")
  await running.match(/seeds/, before)
  process.kill(pid, 'SIGUSR2')
  // not that it has exited: a write that is told twice is a restart already, which then has ended it
  await running.match(/Error: boom/, before)
  // the old process may have run the good code too, before it crashed over the old one
  const started = await until(
    () => [...running.text.matchAll(/^good (\d+)$/gm)].map(([, each]) => Number(each)).find((each) => each !== pid),
    'another process that runs the good code',
  )
  expect(started).toBeGreaterThan(0)
})

test('an app that goes on starts with the save that creates or mends its entry', async () => {
  const project = createProject({ 'package.json': '{}' })
  const running = start(project, ['app.ts'])
  await running.match(/The entry '.*app\.ts' does not exist/)
  project.write('app.ts', 'const = 1')
  await running.match(/Unexpected token[\s\S]*waiting for a save/)
  project.write('app.ts', "console.log('mended')")
  await running.match(/^mended$/m)
})

test.each([
  ["console.log('done')", 0],
  ['process.exitCode = 3', 3],
  ['process.exit(4)', 4],
  ["throw new Error('boom')", 1],
  ["setTimeout(() => { throw new Error('boom') }, 10)", 1],
  ["Promise.reject(new Error('boom'))", 1],
  ['await new Promise(() => {})', 13],
  ["process.kill(process.pid, 'SIGKILL')", 137],
])('a run that happens once exits with the code of the app: %s', async (code, expected) => {
  const running = start(createProject({ 'app.ts': code }), ['--once', 'app.ts'])
  expect(await running.exited).toEqual({ code: expected, signal: null })
  expect(running.text.match(/Error: boom/g)?.length ?? 0).toBe(code.includes('boom') ? 1 : 0)
  if (code.includes('done')) expect(running.text).toBe('done\n')
})

test('a run that happens once gives the app what is piped in, and its arguments, flags and environment as node would', async () => {
  const project = createProject({
    'app.ts': `
        let input = ''
        export {}
        for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk
        const { argv, execArgv, env } = process
        console.log(JSON.stringify({
          input, argv: argv.slice(1), execArgv, mode: env.NODE_ENV, fromFile: env.FROM_FILE, send: typeof process.send,
          secret: Object.entries(env).filter(([name]) => /tether/i.test(name)),
        }))
      `,
    '.env.app': 'FROM_FILE=yes',
  })
  const argv = ['--no-watch', '--no-warnings', '--env-file=.env.app', 'app.ts', '--once', '-x', 'y']
  const running = start(project, argv, { NODE_ENV: undefined })
  running.child.stdin!.end('typed')
  expect(await running.exited).toMatchObject({ code: 0 })
  expect(JSON.parse(running.text)).toEqual({
    input: 'typed',
    argv: [project.path('app.ts'), '--once', '-x', 'y'],
    execArgv: [expect.stringMatching(/^--import=file:.*\/bridge\.js\?/), '--no-warnings', '--env-file=.env.app'],
    send: 'undefined',
    fromFile: 'yes',
    secret: [['VITE_TETHER_RUNNER', '1']],
  })
})

test.each([
  ['commonjs', 'app.ts', true],
  ['commonjs', 'app.mts', false],
  ['module', 'app.ts', false],
  ['module', 'app.cts', true],
])(
  'a run that happens once has the entry as require.main where node would: type %s, %s',
  async (type, entry, expected) => {
    const project = createProject({
      'package.json': JSON.stringify({ type }),
      [entry]: "import { seen } from './dep.ts'\nconsole.log(require.main === module, seen === require.main?.filename)",
      'dep.ts': 'export const seen = require.main?.filename',
    })
    const running = start(project, ['--once', entry])
    await running.exited
    // an ES module has no require.main: two undefined names are equal
    expect(running.text).toBe(`${expected} true\n`)
  },
)

test('a run that happens once keeps its hands off stdout', async () => {
  const project = createProject({ 'app.ts': "console.log('result')" })
  const running = start(project, ['--once', 'app.ts'])
  let stdout = ''
  running.child.stdout!.on('data', (chunk) => {
    stdout += chunk
  })
  await running.exited
  expect(stdout).toBe('result\n')
})

test.each([
  [['--nope', 'app.ts'], /Unknown flag '--nope'/],
  [[], /Expected an entry: vite-tether src\/server\.ts/],
  [['--once', 'missing.ts'], /The entry '.*missing\.ts' does not exist\. Entries are relative to/],
  [['--once', 'src'], /Expected the entry '.*src' to be a file, got a directory/],
  [['--config', 'none.ts', 'app.ts'], /The Vite config .*none\.ts does not exist/],
])('what is wrong is named, and the command ends with 1: %j', async (argv, message) => {
  const running = start(createProject({ 'app.ts': '', 'src/x.ts': '' }), argv)
  expect(await running.exited).toEqual({ code: 1, signal: null })
  expect(running.text).toMatch(message)
  expect(running.text).not.toMatch(/^\s+at .*dist\/cli/m)
})

test('a Vite that is too old is named with the command that mends it', async () => {
  const project = createProject({
    'app.ts': '',
    'pnpm-lock.yaml': '',
    'node_modules/vite/package.json': JSON.stringify({ name: 'vite', version: '7.1.0' }),
  })
  const running = start(project, ['app.ts'])
  expect(await running.exited).toEqual({ code: 1, signal: null })
  expect(running.text).toMatch(/got 7\.1\.0 in .*Install it: pnpm add -D vite-tether vite@\^8\.3\.0/)
})

test.skipIf(!hasTerminal)('at a terminal the command listens to keys: help, runners, restart, quit', async () => {
  const terminal = startAtTerminal(createProject(API), ['src/server.ts'])
  const { pid, port } = await listening(terminal)
  await terminal.match(/press h \+ enter to show help/)
  terminal.type('h\n')
  await terminal.match(/press r \+ enter to restart the app/)
  terminal.type('u\n')
  await terminal.match(new RegExp(`server\\.ts supervised, ready, pid ${pid}, port ${port}, 3 modules`))
  for (const key of ['r', 'rs']) {
    const before = terminal.text.length
    terminal.type(`${key}\n`)
    await terminal.match(/restarted: on request/, before)
    await listening(terminal, before)
  }
  expect(isAlive(pid)).toBe(false)
  terminal.type('q\n')
  expect((await terminal.exited).code).toBe(0)
  expect(terminal.text.match(/disposed/g)).toHaveLength(3)
})

test.skipIf(!hasTerminal)('at a terminal the command passes Ctrl+C on once and waits for the app', async () => {
  const project = createProject({
    'app.ts': `
        process.on('SIGINT', () => { console.log('interrupted'); setTimeout(() => process.exit(0), 50) })
        setInterval(() => {}, 1000)
        console.log('up ' + process.pid)
      `,
  })
  const terminal = startAtTerminal(project, ['app.ts'])
  const pid = Number((await terminal.match(/up (\d+)/))[1])
  terminal.type(CTRL_C)
  expect((await terminal.exited).code).toBe(0)
  expect(terminal.text.match(/interrupted/g)).toHaveLength(1)
  expect(isAlive(pid)).toBe(false)
})

test.skipIf(!hasTerminal)('at a terminal the command suspends and continues with its app', async () => {
  const terminal = startAtTerminal(createProject(API), ['src/server.ts'])
  const { pid, port } = await listening(terminal)
  terminal.type(CTRL_Z)
  await until(() => processState(pid) === 'T', 'the app to be suspended')
  // the parent, after pid, name and state
  const command = Number(/\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1])
  await until(() => processState(command) === 'T', 'the command to be suspended')
  process.kill(command, 'SIGCONT')
  await until(() => processState(pid) !== 'T', 'the app to continue')
  expect(await get(port)).toBe('v1 1')
})

test.skipIf(!hasTerminal)(
  'at a terminal the command leaves what is typed to the shortcuts, or with --stdin to the app',
  async () => {
    const project = createProject({
      'app.ts': "process.stdin.setEncoding('utf8').on('data', (text) => console.log('got ' + text))\nconsole.log('up')",
    })
    const ours = startAtTerminal(project, ['app.ts'])
    await ours.match(/show help/)
    ours.type('u\n')
    await ours.match(/app\.ts supervised/)
    expect(ours.text).not.toContain('got u')

    const theirs = startAtTerminal(project, ['--stdin', 'app.ts'])
    await theirs.match(/^up/m)
    theirs.type('u\n')
    await theirs.match(/got u/)
    expect(theirs.text).not.toMatch(/supervised|show help/)
  },
)
