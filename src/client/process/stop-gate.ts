/**
 * Stopping the app process: when a signal asks for it, the modules' `dispose` come first and then the app's own handlers,
 * each once, or the default action if it has none. To the app it looks as if the signal had arrived a little later.
 */
import { constants } from 'node:os'

type Emit = (event: string | symbol, ...args: unknown[]) => boolean

/** Options of the end of the process. */
export interface StopOptions {
  /** The signals that ask for it. */
  signals: Iterable<NodeJS.Signals>
  /** Disposes the app's modules. */
  dispose(): Promise<void>
  /** Milliseconds that `dispose` may take. */
  patience: number
  /** Reports the error of `dispose`, or that it did not end in time. */
  report(error: unknown): void
  /** The app has no handler for the signal: its default action comes next, as soon as this is done. */
  last?(): void | Promise<void>
  /** Ends the process where there is no default action of a signal. */
  exit(code: number): void
}

/** The gate that holds signals back. */
export interface StopGate {
  /** Acts as if `signal` had arrived, with `patience` ms for `dispose`. */
  stop(signal: NodeJS.Signals, patience?: number): void
}

/** Installs the gate. It has to be there before app code listens to signals. */
export function installStopGate(options: StopOptions): StopGate {
  const gated = new Set<string | symbol>(options.signals)
  const emit = process.emit as Emit
  let stopping = false

  const holdBack: Emit = function (this: unknown, event, ...args) {
    if (!gated.has(event)) return Reflect.apply(emit, this, [event, ...args])
    stop(event as NodeJS.Signals)
    return true
  }
  process.emit = holdBack as typeof process.emit
  for (const signal of gated) listenFirst(signal as NodeJS.Signals)

  function stop(signal: NodeJS.Signals, patience = options.patience): void {
    // an echo: npm sends the Ctrl+C on that the terminal has sent to everybody
    if (stopping) return
    stopping = true
    bounded(options.dispose(), patience)
      .catch(options.report)
      .then(() => (hasHandler(signal) ? undefined : options.last?.()))
      .catch(options.report)
      .then(() => {
        for (const each of gated) process.off(each, nothing)
        gated.clear()
        raise(signal, options.exit)
      })
  }

  return { stop }
}

/** A listener for a signal: with one, Node does not end the process by it. The gate decides when it ends. */
const nothing = (): void => {}

/** Node binds `process.emit` when the first listener of a signal comes, and a preload may have been first. */
function listenFirst(signal: NodeJS.Signals): void {
  const earlier = process.rawListeners(signal) as NodeJS.SignalsListener[]
  process.removeAllListeners(signal)
  process.on(signal, nothing)
  for (const listener of earlier) process.on(signal, listener)
}

/** The app listens to the signal, beside the gate. */
function hasHandler(signal: NodeJS.Signals): boolean {
  return process.listeners(signal).some((listener) => listener !== nothing)
}

function raise(signal: NodeJS.Signals, exit: (code: number) => void): void {
  const code = 128 + (constants.signals[signal] ?? 0)
  // on Windows a signal to oneself ends the process without asking its handlers
  if (process.platform === 'win32') {
    if (!process.emit(signal, signal)) exit(code)
  } else if (process.pid === 1 && !hasHandler(signal)) {
    // the system has no default action for the first process of a container: the signal would be lost
    exit(code)
  } else process.kill(process.pid, signal)
}

/** `work`, or a rejection after `ms`. The timer keeps the process alive: its end is near anyway. */
function bounded(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`The modules' dispose callbacks did not end within ${ms} ms.`))
    const timer = setTimeout(late, ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * Ctrl+Z: the system does not suspend a process in a session of its own on SIGTSTP, so unless the app listens to it the
 * process suspends its group itself.
 */
export function installSuspend(): void {
  if (process.platform === 'win32') return
  process.on('SIGTSTP', () => {
    if (process.listenerCount('SIGTSTP') === 1) process.kill(0, 'SIGSTOP')
  })
}
