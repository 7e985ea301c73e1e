/** The end of the command: this process ends as its app does. */
import { constants } from 'node:os'
import type { Hub } from '../server/hub/hub.ts'
import type { EarlyStart } from '../server/options.ts'
import type { RunningServer } from './serve.ts'

/** The end of an app. */
export type AppExit = NonNullable<EarlyStart['exit']>

/** Ends this process. */
export interface Ending {
  /** From now on there is an app, which must end as the signal asks even if there is no server yet. */
  beginWith(early: EarlyStart): void
  /** From now on there is an app whose exit counts; with `once` its first one ends this process. */
  hear(hub: Hub, once: boolean): void
  /** From now on there is something to close. */
  endWith(served: RunningServer): void
  /** Ends this process as the app has ended that has needed no server. */
  endAs(exit: AppExit): void
  /** Closes the server and exits with `code`. */
  quit(code: number): void
  readonly begun: boolean
}

/** From now on signals end this process as they should; the supervisors forward the signals to it and wait for it. */
export function handleSignals(): Ending {
  let served: RunningServer | undefined
  let appsCode: number | undefined
  let early: EarlyStart | undefined
  let isEnding = false
  let ended: number | undefined

  async function close(code: () => number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (isEnding) return
    isEnding = true
    try {
      await (served ? served.server.close() : early?.stop(signal))
      if (early?.exit) appsCode ??= codeOf(early.exit)
      process.exit(code())
    } catch (error) {
      console.error(error)
      process.exit(1)
    }
  }

  /** Vite makes its server, then the app begins and ends, then the server is there: until then nothing can be closed. */
  function end(code: number): void {
    ended ??= code
    if (served) void close(() => ended!)
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // after all listeners: the supervisors stop their apps with the signal, not with what closing the server would send
    process.on(signal, () => setImmediate(() => close(() => appsCode ?? 128 + constants.signals[signal], signal)))
  }
  // Who has read the output is gone (`| head -1`). A program of Node's ends then; this one and the app would run on, unseen.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      void close(() => appsCode ?? 1)
    })
  }
  return {
    beginWith(started) {
      early = started
    },
    hear(hub, once) {
      hub.on('exit', (_runner, code, signal) => {
        const shells = codeOf({ code, signal })
        if (isEnding) appsCode = shells
        else if (once) end(shells)
      })
    },
    endWith(started) {
      served = started
      if (ended !== undefined) end(ended)
    },
    endAs: (exit) => void close(() => codeOf(exit)),
    quit: (code) => void close(() => code),
    get begun() {
      return isEnding
    },
  }
}

/** The exit code by which a shell tells such an end. */
function codeOf({ code, signal }: AppExit): number {
  return signal ? 128 + constants.signals[signal] : (code ?? 1)
}
