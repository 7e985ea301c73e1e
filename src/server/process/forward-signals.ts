/**
 * Forwards the signals of this process to the app processes. They are in groups of their own, so a terminal's signals do not
 * reach them; each is forwarded once. When they have ended, this process does what it would have done without us.
 */
import { createDebug } from 'obug'

const debug = createDebug('vite-tether:signals')

/** What signals are forwarded to. */
export interface SignalTarget {
  /** Resolves when the app process has ended. */
  stop(signal: NodeJS.Signals): Promise<void>
  kill(): Promise<void>
  signal(signal: NodeJS.Signals): void
}

/** Milliseconds in which a second signal is an echo (npm forwards the Ctrl+C that the terminal has sent to us as well). */
const ECHO = 500

const targets = new Set<SignalTarget>()
let endingSince: number | undefined

const ending = (signal: NodeJS.Signals) => void end(signal)
const passing = (signal: NodeJS.Signals) => forward(signal)
const suspending = (signal: NodeJS.Signals) => {
  forward(signal)
  // our listener has taken the default action away
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

/** SIGINT, SIGTERM and SIGHUP end the app processes first; asked again by somebody impatient, at once. */
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
  // the stopped targets have taken our listeners away; whoever else listens (Vite, the command line) knows what to do
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

async function settle(act: (target: SignalTarget) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled([...targets].map(act))
  for (const result of results) if (result.status === 'rejected') debug('%o', result.reason)
}
