/** Starts an app process, and follows it until its output has ended. */
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { createDebug } from 'obug'
import { HANDOVER_FD, type Handover, type ParentLine } from '../../shared/handover.ts'
import type { EarlyProcess } from './early-process.ts'
import { guard } from './orphan-guard.ts'
import type { PortsOfApp, PortsOfProcess } from './port-seam.ts'
import { clearGroup, killTree, signalGroup } from './process-group.ts'
import { splitLines } from './split-lines.ts'
import { type AppCommand, startProcess, TERMINAL_SIGNALS } from './start-process.ts'

export type { AppCommand } from './start-process.ts'

const debug = createDebug('vite-tether:process')

/** Longest wait for the rest of the output, in ms: a process of another group may hold the pipe open for ever. */
const FLUSH_GRACE = 500

/** Has a process, or none, that was started before its command was known for sure. */
export type TakeEarly = Pick<EarlyProcess, 'take' | 'hasBegun'>

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
  /** `false` as soon as it has ended itself, whatever is left of its group and its output. */
  readonly isAlive: boolean
  /** Absent if its ports close with it. */
  readonly ports?: PortsOfProcess | undefined
  /** It may have run code of the app before it was this app's process. */
  readonly hasBegun?: boolean
  /** Sends a signal: those of a terminal to the whole group, others to the process alone. */
  signal(signal: NodeJS.Signals): void
  /** Kills the process and all it has started. */
  kill(): void
}

/**
 * Starts the app process in a group of its own, or takes the `early` one, and hands it `handover` over an inherited fd. Resolves when the system has
 * started it; rejects with `ERR_START` if it could not.
 */
export async function spawnApp(
  command: AppCommand,
  handover: Handover,
  onLine: (stream: 'stdout' | 'stderr', line: string) => void,
  ports?: PortsOfApp,
  early?: TakeEarly,
): Promise<AppProcess> {
  const hasChannel = ports !== undefined
  const taken = early?.take(command, hasChannel)
  const child = taken ?? (await startProcess(command, hasChannel))
  const pid = child.pid!
  child.on('error', (error) => debug('%d: %o', pid, error))
  child.stdin?.on('error', (error) => debug('%d: stdin: %s', pid, error.message))
  const line = child.stdio[HANDOVER_FD] as import('node:net').Socket
  // the process may end while a line is written: 'exit' reports that, so an error of the pipe is ignored
  line.on('error', (error) => debug('%d: hand-over fd: %s', pid, error.message))
  const tell = (message: ParentLine) => line.write(`${JSON.stringify(message)}\n`)
  tell({ handover })
  // behind it: to start the guard takes longer than to write a line
  const unguard = guard(pid)

  const lines = command.stdio === 'pipe' ? [child.stdout!, child.stderr!] : []
  lines.forEach((stream: Readable, index) => {
    splitLines(stream, (text) => onLine(index === 0 ? 'stdout' : 'stderr', text))
  })

  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const exited = new Promise<Exit>((resolve) => {
    const ended = async (code: number | null, signal: NodeJS.Signals | null): Promise<void> => {
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
    }
    // one that was started early may have run the app to its end by now
    if (child.exitCode !== null || child.signalCode !== null) void ended(child.exitCode, child.signalCode)
    else child.once('exit', ended)
  })

  return {
    pid,
    exited,
    get isAlive() {
      return child.exitCode === null && child.signalCode === null
    },
    hasBegun: taken !== undefined && early!.hasBegun,
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
