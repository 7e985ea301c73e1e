/** The app's process that the command starts before Vite is loaded: it is used where it is what a fresh one would be, and never else. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { isAlive, type Running, run, until } from '../../support/child.ts'
import { createProject, type Project } from '../../support/project.ts'

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const plugin = fileURLToPath(new URL('../../../dist/index.js', import.meta.url))

/** Says what shapes a process. */
const APP = `import { appendFileSync } from 'node:fs'
  appendFileSync(process.env.SPY, 'told ' + JSON.stringify({
    pid: process.pid, execArgv: process.execArgv.filter((flag) => !flag.includes('bridge.js')), argv: process.argv.slice(2),
    cwd: process.cwd(), env: process.env.TOLD,
  }) + '\\n')`

/** Preloaded in the command: writes down the app's processes, and their ends. */
const SPY = `const childProcess = require('node:child_process')
  const { appendFileSync } = require('node:fs')
  const { spawn } = childProcess
  childProcess.spawn = (...args) => {
    const child = spawn(...args)
    if (!String(args[1]).includes('bridge.js')) return child
    const write = (line) => appendFileSync(process.env.SPY, line + '\\n')
    write('spawned ' + child.pid)
    child.once('exit', (code, signal) => write('ended ' + child.pid + ' ' + (signal ?? code)))
    return child
  }
  require('node:module').syncBuiltinESMExports()`

interface Told {
  pid: number
  execArgv: string[]
  argv: string[]
  cwd: string
  env?: string
}

interface Started extends Running {
  /** Ends and starts of the app's processes. */
  processes(): string[]
  /** The start that the app prints. */
  told(): Told
}

function start(project: Project, argv: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  project.write('spy.cjs', SPY)
  const log = project.path('spy.log')
  const running = run(process.execPath, ['--require', project.path('spy.cjs'), cli, ...argv], {
    cwd: project.root,
    env: { ...process.env, NO_COLOR: '1', SPY: log, ...env },
  })
  onTestFinished(() => running.end())
  const lines = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [])
  const isTold = (line: string) => line.startsWith('told ')
  const started: Pick<Started, 'processes' | 'told'> = {
    processes: () => lines().filter((line) => !isTold(line)),
    told: () => JSON.parse(lines().find(isTold)!.slice('told '.length)) as Told,
  }
  return Object.assign(running, started)
}

const app = (files: Record<string, string>) =>
  createProject({ 'package.json': '{ "type": "module" }', 'main.ts': APP, ...files })

const config = (options: string) =>
  `import { tether } from '${plugin}'\nexport default { plugins: [tether(${options})] }`

test.each<[what: string, files: Record<string, string>, flags: string[], expected: Partial<Told>]>([
  ['no config', {}, [], {}],
  ['flags of node', {}, ['--conditions=x'], { execArgv: ['--conditions=x'] }],
  ['an env file', { '.env.x': 'TOLD=file' }, ['--env-file=.env.x'], { execArgv: ['--env-file=.env.x'], env: 'file' }],
  ['a config without the plugin', { 'vite.config.js': 'export default {}' }, [], {}],
  ['a config that shapes nothing', { 'vite.config.js': config("{ delay: 10, env: {}, entry: 'other.ts' }") }, [], {}],
  ['a config that sets a variable', { 'vite.config.js': "process.env.TOLD = 'config'\nexport default {}" }, [], {}],
  [
    'a config without ports, which one that runs once never has',
    { 'vite.config.js': config('{ ports: false }') },
    [],
    {},
  ],
  ['--no-standby', {}, ['--no-standby'], {}],
  ['--no-ports', {}, ['--no-ports'], {}],
])('with %s the process that was started first runs the app', async (_, files, flags, expected) => {
  const project = app(files)
  const running = start(project, ['--once', ...flags, 'main.ts', 'a', '--b'])
  expect(await running.exited).toEqual({ code: 0, signal: null })
  const { pid, ...told } = running.told()
  expect(told).toEqual({ execArgv: [], argv: ['a', '--b'], cwd: project.root, ...expected })
  expect(running.processes()).toEqual([`spawned ${pid}`, `ended ${pid} 0`])
})

test.each<[what: string, options: string, expected: (project: Project) => Partial<Told>]>([
  ['execArgv', "{ execArgv: ['--conditions=y'] }", () => ({ execArgv: ['--conditions=y'] })],
  ['env', "{ env: { TOLD: 'options' } }", () => ({ env: 'options' })],
  ['cwd', "{ cwd: new URL('./sub', import.meta.url).pathname }", (project) => ({ cwd: project.path('sub') })],
  ['stdio', "{ stdio: 'pipe' }", () => ({})],
])('where the config has %s of its own it is killed, and a fresh one runs the app', async (_, options, expected) => {
  const project = app({ 'vite.config.js': config(options), 'sub/x.txt': '' })
  const running = start(project, ['--once', 'main.ts'])
  expect(await running.exited).toEqual({ code: 0, signal: null })
  const { pid, ...told } = running.told()
  expect(told).toEqual({ execArgv: [], argv: [], cwd: project.root, ...expected(project) })
  const [first, ...rest] = running.processes()
  const early = Number(first!.split(' ')[1])
  expect(early).not.toBe(pid)
  expect(rest.toSorted()).toEqual([`ended ${early} SIGKILL`, `ended ${pid} 0`, `spawned ${pid}`])
})

test('an env file that is saved before Vite is there is read by the app', async () => {
  const save = "import { writeFileSync } from 'node:fs'\nwriteFileSync('.env.x', 'TOLD=new')\nexport default {}"
  const project = app({ '.env.x': 'TOLD=old', 'vite.config.js': save })
  const running = start(project, ['--once', '--env-file=.env.x', 'main.ts'])
  expect(await running.exited).toEqual({ code: 0, signal: null })
  expect(running.told().env).toBe('new')
})

test.each<[what: string, flags: string[], env: NodeJS.ProcessEnv]>([
  ['--import', ['--import=./preload.mjs'], {}],
  ['--require', ['--require', './preload.cjs'], {}],
  ['--inspect', ['--inspect=0'], {}],
  ['an inspector in NODE_OPTIONS', [], { NODE_OPTIONS: '--inspect=0' }],
  ['coverage', [], { NODE_V8_COVERAGE: join(tmpdir(), 'tether-test-coverage') }],
])('with %s there is one process, when Vite is there', async (_, flags, env) => {
  const preload = "console.log('preloaded')"
  const running = start(app({ 'preload.mjs': preload, 'preload.cjs': preload }), ['--once', ...flags, 'main.ts'], env)
  expect(await running.exited).toEqual({ code: 0, signal: null })
  const { pid } = running.told()
  expect(running.processes()).toEqual([`spawned ${pid}`, `ended ${pid} 0`])
  if (/preload/.test(flags.join())) expect(running.text).toContain('preloaded')
})

test('where Vite cannot start it ends in silence, and its folder is removed', async () => {
  const project = app({ 'vite.config.js': "throw new Error('no config')", 'tmp/x': '' })
  const running = start(project, ['main.ts'], { TMPDIR: project.path('tmp') })
  expect(await running.exited).toEqual({ code: 1, signal: null })
  expect(running.text).toContain('no config')
  expect(running.text).not.toContain('ERR_START')
  const pid = Number(running.processes()[0]!.split(' ')[1])
  await until(() => !isAlive(pid), 'its end')
  expect(readdirSync(project.path('tmp')).filter((name) => name.startsWith('vite-tether-'))).toEqual([])
})

test.each(['SIGTERM', 'SIGKILL'] as const)('with %s before Vite is there it ends in silence', async (signal) => {
  const waits = "console.error('configuring')\nawait new Promise((resolve) => setTimeout(resolve, 60_000))"
  const running = start(app({ 'vite.config.js': waits }), ['main.ts'])
  await running.match(/configuring/)
  const pid = Number(running.processes()[0]!.split(' ')[1])
  expect(isAlive(pid)).toBe(true)
  process.kill(running.pid, signal)
  await running.exited
  await until(() => !isAlive(pid), 'its end')
  expect(running.text.trim()).toBe('configuring')
})
