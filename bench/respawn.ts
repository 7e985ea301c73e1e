/** A process that is ended and started anew, as a supervisor does it that does nothing else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** The process now, and how to replace it. */
export interface Respawned {
  /** Ends the process, waits for its end and starts the next one; calls in between are one. */
  restart(): Promise<void>
}

/** Starts `node ...args`; the process and this one end together. `onMessage` gets what it sends. */
export function respawn(args: string[], env: NodeJS.ProcessEnv, onMessage?: (message: unknown) => void): Respawned {
  let child = launch()
  let restarting: Promise<void> | undefined

  function launch(): ChildProcess {
    const stdio = ['ignore', 'inherit', 'inherit', ...(onMessage ? ['ipc' as const] : [])] as const
    const started = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: [...stdio] })
    if (onMessage) started.on('message', onMessage)
    return started
  }
  async function replace(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    restarting = undefined
    child = launch()
  }
  process.once('SIGTERM', () => {
    child.kill('SIGTERM')
    process.exit()
  })
  return {
    restart: () => {
      restarting ??= replace()
      return restarting
    },
  }
}
