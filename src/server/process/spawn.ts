/** Starts an app process, and follows it until its output has ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createDebug } from 'obug'
import { RUNNER_MARKER } from '../../shared/constants.ts'
import { TetherError } from '../../shared/errors.ts'
import { HANDOVER_FD, type Handover, type ParentLine } from '../../shared/handover.ts'
import { guard } from './orphan-guard.ts'
import type { PortsOfApp, PortsOfProcess } from './port-seam.ts'
import { clearGroup, killTree, signalGroup } from './process-group.ts'
import { splitLines } from './split-lines.ts'

const debug = createDebug('vite-tether:process')

/** Signals that a terminal sends to all processes in the foreground, not to one. */
const TERMINAL_SIGNALS: readonly string[] = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGTSTP', 'SIGCONT', 'SIGWINCH']
/** Longest wait for the rest of the output, in ms: a process of another group may hold the pipe open for ever. */
const FLUSH_GRACE = 500

/** The command of an app process. */
export interface AppCommand {
  /** Path of the bootstrap that `node` runs: `dist/main.js`. */
  main: string
  /** Real path of the entry: the app's `process.argv[1]`. */
  entry: string
  /** The app's `process.argv.slice(2)`. */
  args: readonly string[]
  /** Node flags. */
  execArgv: readonly string[]
  /** The whole environment. */
  env: NodeJS.ProcessEnv
  cwd: string
  /** `'pipe'` hands lines of output to `onLine`. */
  stdio: 'inherit' | 'pipe'
  /** `'silent'` is a pipe that stays open and empty, like a terminal without input. */
  stdin: 'inherit' | 'silent'
}

/** The end of a process: by a code or by a signal, the other is `null`. */
export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A running app process. */
export interface AppProcess {
  readonly pid: number
  /** Resolves when the process has exited, nothing of its group is left and its output has arrived. Never rejects. */
  readonly exited: Promise<Exit>
  /** Absent if its ports close with it. */
  readonly ports?: PortsOfProcess | undefined
  /** Sends a signal: those of a terminal to the whole group, others to the process alone. */
  signal(signal: NodeJS.Signals): void
  /** Kills the process and all it has started. */
  kill(): void
}

/**
 * Starts the app process in a group of its own and hands it `handover` over an inherited fd. Resolves when the system has
 * started it; rejects with `ERR_START` if it could not.
 */
export async function spawnApp(
  command: AppCommand,
  handover: Handover,
  onLine: (stream: 'stdout' | 'stderr', line: string) => void,
  ports?: PortsOfApp,
): Promise<AppProcess> {
  const child = await start(command, ports !== undefined)
  const pid = child.pid!
  const unguard = guard(pid)
  const line = child.stdio[HANDOVER_FD] as import('node:net').Socket
  // the process may end while a line is written: 'exit' reports that, so an error of the pipe is ignored
  line.on('error', (error) => debug('%d: hand-over fd: %s', pid, error.message))
  const tell = (message: ParentLine) => line.write(`${JSON.stringify(message)}\n`)
  tell({ handover })

  const lines = command.stdio === 'pipe' ? [child.stdout!, child.stderr!] : []
  lines.forEach((stream: Readable, index) => {
    splitLines(stream, (text) => onLine(index === 0 ? 'stdout' : 'stderr', text))
  })

  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', async (code, signal) => {
      debug('%d: exited with %s', pid, signal ?? code)
      await clearGroup(pid)
      unguard()
      line.destroy()
      // a process in another session may have inherited the pipes and keep them open
      const flush = new AbortController()
      await Promise.race([closed, delay(FLUSH_GRACE, undefined, { signal: flush.signal }).catch(() => {})])
      flush.abort()
      for (const stream of lines) stream.destroy()
      resolve({ code, signal })
    })
  })

  return {
    pid,
    exited,
    ports: ports?.join(child),
    signal(signal) {
      debug('%d: %s', pid, signal)
      if (process.platform === 'win32') tell({ signal })
      else if (TERMINAL_SIGNALS.includes(signal)) signalGroup(pid, signal)
      else child.kill(signal)
    },
    kill() {
      debug('%d: SIGKILL', pid)
      killTree(pid)
    },
  }
}

async function start(command: AppCommand, hasChannel: boolean): Promise<ChildProcess> {
  const output = command.stdio === 'pipe' ? 'pipe' : 'inherit'
  const stdin = command.stdin === 'inherit' ? 'inherit' : 'pipe'
  try {
    const argv = [...command.execArgv, command.main, command.entry, ...command.args]
    const child = spawn(process.execPath, argv, {
      cwd: command.cwd,
      env: { ...command.env, [RUNNER_MARKER]: '1' },
      // a process group, so that all that the app starts can be ended with it
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: [stdin, output, output, 'overlapped', ...(hasChannel ? ['ipc' as const] : [])],
    })
    child.stdin?.on('error', (error) => debug('%d: stdin: %s', child.pid, error.message))
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.on('error', (error) => debug('%d: %o', child.pid, error))
    return child
  } catch (cause) {
    throw new TetherError(
      'ERR_START',
      `Could not start the app process for ${command.entry} in ${command.cwd}: ${(cause as Error).message}. ` +
        'Check that the working directory exists and that the system allows another process.',
      { cause },
    )
  }
}
