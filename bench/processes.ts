/**
 * The processes of one tool: start, figures, end. Whatever a tool starts inherits a mark in its environment, by which it is
 * found wherever it hangs in the process tree (Linux; elsewhere figures are missing and only the process group is ended).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as idle } from 'node:timers/promises'

// a variable that begins with VITE_ would be one of `import.meta.env`, and any but those of terminals one that a config may read: each start another one
const MARK = 'BENCH_SESSION_ID'

/** How a tool is started. */
export interface Command {
  /** Arguments of node. */
  args: string[]
  env?: Record<string, string>
  /** It answers to messages: `restart`, `stats`. */
  hasControl?: boolean
}

/** Memory and time of processes at one moment. */
export interface Usage {
  /** Resident memory of the app process, in bytes. */
  app: number
  /** Resident memory of everything else that the tool has started. */
  tool: number
  /** Seconds of CPU, of processes that have ended too. */
  cpu: number
}

/** A tool that runs. */
export interface Running {
  /** Aborted with a reason when the tool's own process has ended. */
  readonly ended: AbortSignal
  /** The last line that the tool, or its app, has written. */
  lastLine(): string
  usage(app: number): Usage | undefined
  /** Sends a message and resolves with the answer. */
  control<T>(message: string): Promise<T>
  stop(): Promise<void>
}

const running = new Set<Running>()

/** Ends everything; what an interrupt needs. */
export const stopAll = (): Promise<unknown> => Promise.all([...running].map((each) => each.stop()))

/** Starts `command` in `cwd`; what it writes goes to the file `log`. */
export function start({ args, env, hasControl = false }: Command, cwd: string, log: string): Running {
  const mark = randomUUID()
  const output = openSync(log, 'a')
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...clean(process.env), ...env, [MARK]: mark },
    stdio: ['ignore', output, output, ...(hasControl ? ['ipc' as const] : [])],
    detached: true,
  })
  closeSync(output)
  const end = new AbortController()
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      end.abort(new Error(`it has ended with ${signal ?? `code ${code}`}: ${lastLine(log)}`))
      resolve()
    })
    child.once('error', (error) => {
      end.abort(error)
      resolve()
    })
  })

  const self: Running = {
    ended: end.signal,
    lastLine: () => lastLine(log),
    usage: (app) => usage(mark, app),
    control: (message) => ask(child, message, end.signal),
    async stop() {
      running.delete(self)
      child.kill('SIGTERM')
      await Promise.race([exited, idle(3000, undefined, { ref: false })])
      for (let tries = 0; tries < 50; tries++) {
        const left = marked(mark)
        if (!end.signal.aborted && child.pid) left.push(-child.pid)
        if (left.length === 0) return
        for (const pid of left) kill(pid)
        await idle(20)
      }
    },
  }
  running.add(self)
  return self
}

/** The environment of a user, without what tells Node or a tool how to behave here. */
function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isOurs = (name: string) => /^(NODE_|npm_|VITE|TETHER_|TSX_|CI$|FORCE_COLOR$|DEBUG$)/.test(name)
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOurs(name)))
}

function ask<T>(child: ChildProcess, message: string, ended: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(ended.reason)
    if (ended.aborted) return fail()
    ended.addEventListener('abort', fail, { once: true })
    child.once('message', (answer) => {
      ended.removeEventListener('abort', fail)
      resolve(answer as T)
    })
    child.send(message)
  })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended by itself
  }
}

function lastLine(log: string): string {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  const error = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1)
  return (error ?? '').trim().slice(0, 200)
}

function marked(mark: string): number[] {
  return pids().filter((pid) => readProc(pid, 'environ').includes(`${MARK}=${mark}`))
}

function usage(mark: string, app: number): Usage | undefined {
  if (process.platform !== 'linux') return undefined
  const sum = { app: 0, tool: 0, cpu: 0 }
  for (const pid of marked(mark)) {
    const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(readProc(pid, 'status')) ?? []
    sum[pid === app ? 'app' : 'tool'] += Number(kib) * 1024
    // fields 14 to 17, counted after the name, which may hold spaces: user and system time, its own and of ended children
    const fields = readProc(pid, 'stat')
      .replace(/^.*\) /s, '')
      .split(' ')
    for (const ticks of fields.slice(11, 15)) sum.cpu += Number(ticks) / 100
  }
  return sum
}

function pids(): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}
