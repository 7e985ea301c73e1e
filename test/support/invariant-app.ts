/** The app of the invariant's test: its files, its processes, and the socket over which they answer. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, type Running, run, until } from './child.ts'
import type { App, FileChange } from './invariant-edits.ts'
import { textOf } from './invariant-model.ts'

const HERE = import.meta.dirname
const CLI = join(HERE, '../../dist/cli.js')
const FIXTURES = join(HERE, '../fixtures/invariant')
const TOKEN = 'a token of the tests, long enough for it'

/** The way in which the app runs. */
export type Driver = 'standby' | 'no standby' | 'two runners' | 'in process'
/** One that answers. */
export type Role = 'app' | 'attached'

/** The answer of a process. */
export interface Snapshot {
  pid: number
  live: Record<string, { v: string; parts: string[]; uid: number; kept?: { uid: number; alive: boolean } }>
  kept: { id: string; uid: number }[]
}

interface Connection {
  pid: number
  call(what: string, args?: unknown[]): Promise<unknown>
}

/** Files of an app. */
export interface Tree {
  root: string
  path(file: string): string
  change(changes: readonly FileChange[], atomic: boolean): void
  configure(count: number): void
  remove(): void
}

/** Writes the files of `app` into a fresh folder. */
export function writeTree(app: App): Tree {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tether-invariant-')))
  const root = join(folder, 'app')
  const path = (file: string) => join(root, file)
  const write = (file: string, text: string) => {
    mkdirSync(dirname(path(file)), { recursive: true })
    writeFileSync(path(file), text)
  }
  write('../node_modules/harness/package.json', '{ "name": "harness", "type": "module", "exports": "./index.mjs" }')
  write('../node_modules/harness/index.mjs', readFileSync(join(FIXTURES, 'harness.mjs'), 'utf8'))
  write('../linked/package.json', '{ "name": "linked", "type": "module", "exports": "./dist/index.js" }')
  write('package.json', '{ "name": "app", "type": "module" }')
  mkdirSync(path('node_modules'))
  symlinkSync('../../linked', path('node_modules/linked'))
  mkdirSync(path('src'))
  const names = (ids: number[]) => JSON.stringify(ids.map((id) => `m${id}`))
  const configure = (count: number) =>
    write(
      'vite.config.js',
      `import { control } from ${JSON.stringify(join(FIXTURES, 'control.mjs'))}\n// ${count}\nexport default {\n` +
        `  plugins: [control({ filters: ${names(app.filters)}, invalidates: ${names(app.invalidates)} })],\n` +
        `  optimizeDeps: { noDiscovery: true, include: [] },\n${app.hmr ? '' : '  server: { hmr: false },\n'}}\n`,
    )
  configure(0)
  for (const module of app.world.modules) if (!module.absent) write(module.path, textOf(module))
  return {
    root,
    path,
    configure,
    change(changes, atomic) {
      for (const change of changes) {
        if ('remove' in change) rmSync(path(change.remove))
        else if ('from' in change) {
          mkdirSync(dirname(path(change.to)), { recursive: true })
          renameSync(path(change.from), path(change.to))
        } else if (atomic) {
          write(`${change.write}.tmp`, change.text)
          renameSync(path(`${change.write}.tmp`), path(change.write))
        } else write(change.write, change.text)
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** A running app. */
export class TestedApp {
  readonly roles: readonly Role[]
  readonly #connections = new Map<string, Connection>()
  readonly #processes = new Map<Role, Running>()
  readonly #server = createServer((socket) => this.#connected(socket))
  readonly #tree: Tree
  readonly #driver: Driver
  #calls = 0

  constructor(tree: Tree, driver: Driver) {
    this.#tree = tree
    this.#driver = driver
    this.roles = driver === 'two runners' ? ['app', 'attached'] : ['app']
  }

  async start(): Promise<void> {
    const socket = join(this.#tree.root, '../test.sock')
    await new Promise<void>((resolve) => this.#server.listen(socket, resolve))
    const env = {
      ...process.env,
      NO_COLOR: '1',
      TETHER_TEST_SOCKET: socket,
      VITEST: undefined,
      NODE_ENV: undefined,
      TEST: undefined,
    }
    const options = (role: Role, more = {}) => ({
      cwd: this.#tree.root,
      env: { ...env, TETHER_TEST_ROLE: role, ...more } as NodeJS.ProcessEnv,
    })
    if (this.#driver === 'in process') {
      this.#processes.set('app', run(process.execPath, [join(FIXTURES, 'in-process.mjs')], options('app')))
    } else {
      const port = await freePort()
      const flags = {
        standby: [],
        'no standby': ['--no-standby'],
        'two runners': ['--attach', `127.0.0.1:${port}`],
      }[this.#driver]
      this.#processes.set(
        'app',
        run(process.execPath, [CLI, ...flags, 'src/m0.js'], options('app', { TETHER_TOKEN: TOKEN })),
      )
      if (this.#driver === 'two runners') {
        const target = { TETHER_URL: `ws://127.0.0.1:${port}/__tether`, TETHER_TOKEN: TOKEN }
        this.#processes.set(
          'attached',
          run(process.execPath, [join(FIXTURES, 'runner.mjs')], options('attached', target)),
        )
      }
    }
    await until(() => this.#connections.has('vite'), `Vite to start; it said:\n${this.text('app')}`)
  }

  /** Everything that the terminal of a role shows. */
  text(role: Role): string {
    return this.#processes.get(role)!.text
  }

  isRunning(role: Role): boolean {
    return this.#connections.has(role)
  }

  pid(role: Role): number | undefined {
    return this.#connections.get(role)?.pid
  }

  /** The code that runs. `undefined` while there is nobody who could answer. */
  async ask(role: Role, patience: number): Promise<Snapshot | undefined> {
    const connection = this.#connections.get(role)
    if (!connection) return undefined
    const stop = new AbortController()
    const late = delay(patience, undefined, { signal: stop.signal }).catch(() => undefined)
    const answer = await Promise.race([connection.call('ask'), late])
    stop.abort()
    return answer ? { pid: connection.pid, ...(answer as Omit<Snapshot, 'pid'>) } : undefined
  }

  /** Lets the app's process crash. Resolves with whether the next one waits for a save, as after one that ended soon. */
  async crash(how: string): Promise<boolean> {
    const connection = this.#connections.get('app')
    if (!connection) return false
    const from = this.text('app').length
    await connection.call(how)
    const said = () => this.text('app').slice(from)
    const isReplaced = () => ![undefined, connection].includes(this.#connections.get('app'))
    await until(() => said().includes('exited with code') || isReplaced(), 'the end of the app')
    return said().includes('waiting for a save')
  }

  /** Calls a command of `control.mjs`. */
  // biome-ignore lint/suspicious/noExplicitAny: each command gives something else
  async control(what: string, ...args: unknown[]): Promise<any> {
    return this.#connections.get('vite')!.call(what, args)
  }

  async end(): Promise<void> {
    this.#server.close()
    await Promise.all([...this.#processes.values()].map((running) => endGently(running)))
  }

  #connected(socket: Socket): void {
    const waiting = new Map<number, (result: unknown) => void>()
    let connection: Connection | undefined
    let role = ''
    let partial = ''
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => {
      const lines = (partial + chunk).split('\n')
      partial = lines.pop()!
      for (const line of lines) {
        const message = JSON.parse(line)
        if (message.role) {
          role = message.role
          connection = {
            pid: message.pid,
            call: (what, args = []) =>
              new Promise((resolve) => {
                const call = ++this.#calls
                waiting.set(call, resolve)
                socket.write(`${JSON.stringify({ call, what, args })}\n`)
              }),
          }
          this.#connections.set(role, connection)
        } else {
          waiting.get(message.call)?.(message.result)
          waiting.delete(message.call)
        }
      }
    })
    socket.on('close', () => {
      if (this.#connections.get(role) === connection) this.#connections.delete(role)
      for (const resolve of waiting.values()) resolve(undefined)
    })
  }
}

/** Lets a command end its children; kills it if it does not. */
async function endGently(running: Running): Promise<void> {
  running.child.kill('SIGTERM')
  const stop = new AbortController()
  await Promise.race([running.exited, delay(3000, undefined, { signal: stop.signal }).catch(() => {})])
  stop.abort()
  await running.end()
}
