/** The programs of `test/fixtures/faults`: real processes that a test tells what to do, and that say what happens to them. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Running, run, until } from './child.ts'

/** A line that such a program has said. */
export interface Said {
  event: string
  pid?: number
  seq?: number
  outcome?: string
  message?: string
}

/** Everything that a process holds on to. Sizes in bytes, cpu in milliseconds. */
export interface Sample {
  heap: number
  rss: number
  cpu: number
  fds: number
  resources: Record<string, number>
  listeners: number
}

/** A program that can be told what to do. */
export interface Told extends Running {
  /** Everything it has said so far. */
  readonly said: Said[]
  /** Resolves with the first line of that kind, from line `from` on. */
  heard(event: string, from?: number): Promise<Said>
  /** Calls one of its commands. */
  // biome-ignore lint/suspicious/noExplicitAny: each command gives something else
  tell(command: string, ...args: unknown[]): Promise<any>
  sample(): Promise<Sample>
}

const FIXTURES = join(import.meta.dirname, '../fixtures/faults')

/** Starts a program and waits until it says `first`. It is killed when the test ends. */
export async function startTold(
  program: 'server' | 'runner',
  env: Record<string, string | undefined>,
  first: string,
  flags: string[] = ['--expose-gc'],
): Promise<Told> {
  const running = run(process.execPath, [...flags, join(FIXTURES, `${program}.mjs`)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  onTestFinished(() => running.end())
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  running.child.on('message', ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
    if (error === undefined) waiting.get(id)?.resolve(result)
    else waiting.get(id)?.reject(new Error(error))
    waiting.delete(id)
  })
  const gone = (): void => {
    for (const { reject } of waiting.values()) reject(new Error(`${program} has ended; it said:\n${running.text}`))
  }
  running.child.once('exit', gone)
  const said: Said[] = []
  let partial = ''
  running.child.stdout!.on('data', (chunk: string) => {
    const lines = (partial + chunk).split('\n')
    partial = lines.pop()!
    for (const line of lines) if (line.startsWith('{"event"')) said.push(JSON.parse(line))
  })
  let calls = 0
  const told: Told = Object.assign(Object.create(running) as Running, {
    said,
    heard: (event: string, from = 0) =>
      until(
        () => said.slice(from).find((each) => each.event === event),
        `"${event}" of ${program}; it said:\n${running.text.slice(-2000)}`,
        60_000,
      ),
    tell: (command: string, ...args: unknown[]) =>
      new Promise<never>((resolve, reject) => {
        const id = ++calls
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
        running.child.send({ id, command, args })
      }),
    sample: () => told.tell('sample'),
  })
  await told.heard(first)
  return told
}

export interface ServerAt {
  root: string
  port: number
  token: string
}

/** Vite with the plugin in its own process. */
export const startViteProcess = ({ root, port, token }: ServerAt, more: Record<string, string> = {}): Promise<Told> =>
  startTold('server', { ROOT: root, PORT: String(port), TOKEN: token, ...more }, 'listening')

/** An attached runner in its own process. */
export const startRunnerProcess = (
  { root, port, token }: ServerAt,
  more: Record<string, string> = {},
  flags?: string[],
): Promise<Told> =>
  startTold(
    'runner',
    { ROOT: root, TETHER_URL: `ws://127.0.0.1:${port}/__tether`, TETHER_TOKEN: token, ...more },
    'open',
    flags,
  )
