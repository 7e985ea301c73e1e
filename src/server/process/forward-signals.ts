/**
 * Forwards the signals of this process to the app processes. These are in groups of their own, so that a terminal's signals do not
 * reach them; each signal is forwarded once. When they have ended, the signal has its usual effect on this process.
 */
import { createDebug } from 'obug'

const debug = createDebug('vite-tether:signals')

/** The receiver of forwarded signals: a supervisor. */
export interface SignalTarget {
  /** Resolves when the app process has ended. */
  stop(signal: NodeJS.Signals): Promise<void>
  kill(): Promise<void>
  signal(signal: NodeJS.Signals): void
}

/** Milliseconds in which a second signal is taken for an echo: the terminal sends Ctrl+C to this process, then npm forwards it. */
const ECHO = 500

const targets = new Set<SignalTarget>()
let endingSince: number | undefined

const ending = (signal: NodeJS.Signals) => void end(signal)
const passing = (signal: NodeJS.Signals) => forward(signal)
const suspending = (signal: NodeJS.Signals) => {
  forward(signal)
  // a listener of SIGTSTP disables its default action, which is to suspend this process
  process.kill(process.pid, 'SIGSTOP')
}

const LISTENERS: ReadonlyArray<readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void]> = [
  ['SIGINT', ending],
  ['SIGTERM', ending],
  ['SIGHUP', ending],
  ...(process.platform === 'win32'
    ? []
    : ([
        ['SIGTSTP', suspending],
        ['SIGCONT', passing],
        ['SIGWINCH', passing],
      ] as const)),
]

/** Forwards signals to `target` until the returned function is called. */
export function forwardSignals(target: SignalTarget): () => void {
  if (targets.size === 0) for (const [signal, listener] of LISTENERS) process.on(signal, listener)
  targets.add(target)
  return () => {
    if (targets.delete(target) && targets.size === 0) {
      for (const [signal, listener] of LISTENERS) process.off(signal, listener)
    }
  }
}

function forward(signal: NodeJS.Signals): void {
  for (const target of targets) target.signal(signal)
}

/** Ends the app processes, for SIGINT, SIGTERM and SIGHUP. A second signal from the user (a second Ctrl+C) kills them. */
async function end(signal: NodeJS.Signals): Promise<void> {
  const now = performance.now()
  if (endingSince !== undefined) {
    if (now - endingSince > ECHO) await settle((target) => target.kill())
    return
  }
  debug('%s: %d to stop', signal, targets.size)
  endingSince = now
  await settle((target) => target.stop(signal))
  endingSince = undefined
  // the stopped targets have removed our listeners. If Vite or the command listens, it ends the process; else the default action.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

async function settle(act: (target: SignalTarget) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled([...targets].map(act))
  for (const result of results) if (result.status === 'rejected') debug('%o', result.reason)
}
