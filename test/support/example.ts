/** The examples as their readers run them: a copy of the folder, and its `dev` script in a process of its own. */
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, realpathSync, symlinkSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { onTestFailed, onTestFinished } from 'vitest'
import { freePort, type Running, run, until } from './child.ts'
import { createProject, type Project } from './project.ts'

/** Milliseconds that a start may take; an embedded Postgres is made in several seconds of a quiet core. */
const START_PATIENCE = 40_000

const repository = join(import.meta.dirname, '../..')

/** A running example. */
export interface ExampleApp extends Project {
  readonly cli: Running
  readonly port: number
  /** The JSON that a GET gives. */
  get(path: string): Promise<unknown>
  /** The JSON that a POST of JSON gives. */
  post(path: string, body?: unknown): Promise<unknown>
  /** The process that answers now, as its health check tells. */
  pid(): Promise<number>
  /** Does `save` and resolves when the terminal has said `pattern` after it. */
  after(save: () => void, pattern: RegExp): Promise<void>
}

/** Runs the `dev` script of a copy of `examples/<name>` until it is ready. All of it ends with the test. */
export async function startExample(name: string, env: Record<string, string> = {}): Promise<ExampleApp> {
  const project = copyExample(name)
  const port = await freePort()
  const [command, ...args] = devScript(project)
  if (command !== 'vite-tether') throw new Error(`examples/${name} runs ${command}`)
  const cli = run(process.execPath, [join(repository, 'bin/vite-tether.js'), ...args], {
    cwd: project.root,
    env: { ...plainEnv(), ...env, PORT: String(port), NO_COLOR: '1' },
  })
  onTestFinished(() => cli.end())
  onTestFailed(() => console.error(`What the terminal of examples/${name} shows:\n${cli.text}`))
  await until(() => isUp(cli), `examples/${name} to be up`, START_PATIENCE)

  const request = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://localhost:${port}${path}`, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path} answered ${response.status}: ${text}`)
    return response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text
  }
  const app: ExampleApp = {
    ...project,
    cli,
    port,
    get: request,
    post: (path, body = {}) =>
      request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    pid: async () => ((await request('/health')) as { pid: number }).pid,
    async after(save, pattern) {
      const from = cli.text.length
      save()
      await cli.match(pattern, from)
    },
  }
  return app
}

/** Both the command and the app have said so; an app that cannot start is a failure at once. */
function isUp({ text }: Running): boolean {
  if (/waiting for a save/.test(text)) throw new Error(`The example does not start:\n${text}`)
  return /\[vite-tether\] ready in \d+ ms/.test(text) && / on http:\/\/localhost:/.test(text)
}

/**
 * Asks the app one thing after another until it is told to stop: that resolves with the number of answers, or rejects with the
 * first failure.
 */
export function keepAsking(app: ExampleApp): { stop(): Promise<number> } {
  let stopped = false
  async function ask(): Promise<number> {
    let answers = 0
    for (; !stopped; answers++) await app.get('/health')
    return answers
  }
  const asking = ask()
  // whoever stops it hears of it
  asking.catch(() => {})
  return {
    stop() {
      stopped = true
      return asking
    },
  }
}

/** Processes that run in a folder, where the system tells (Linux). */
export function processesIn(root: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && `${readlinkSync(`/proc/${pid}/cwd`)}${sep}`.startsWith(root + sep)
    } catch {
      // it has ended meanwhile
      return false
    }
  })
}

function devScript(project: Project): string[] {
  return (JSON.parse(project.read('package.json')) as { scripts: { dev: string } }).scripts.dev.split(' ')
}

/** The shell of somebody who is not running Vitest; frameworks look for its variables. */
export function plainEnv(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'DEBUG']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** A copy of `examples/<name>`, with packages as links. */
export function copyExample(name: string): Project {
  const project = createProject({})
  const source = join(repository, 'examples', name)
  cpSync(source, project.root, {
    recursive: true,
    filter: (path) => basename(path) !== '.vite',
  })
  linkPackages(join(repository, 'node_modules'), project.path('node_modules'), (target) => {
    const inside = relative(source, target)
    // packages of the example itself come from the copy
    return inside.startsWith('..') ? target : join(project.root, inside)
  })
  return project
}

/** A node_modules of links, so that nothing is written into the repository's. */
function linkPackages(from: string, to: string, map: (target: string) => string): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)]
    if (name.startsWith('@') && !lstatSync(source).isSymbolicLink()) linkPackages(source, target, map)
    else if (!name.startsWith('.') && !existsSync(target)) symlinkSync(map(realpathSync(source)), target, 'junction')
  }
}
