/** Ends one app process: its signal, a deadline, SIGKILL to all that it has started. */
import { createDebug } from 'obug'
import { TetherError } from '../../shared/errors.ts'
import type { Clock } from '../../shared/util/clock.ts'
import type { AppProcess } from './spawn.ts'

const debug = createDebug('vite-tether:process')

/** Milliseconds within which the system must report the exit of a killed process. */
const KILL_TIMEOUT = 10_000

/** Resolves with `true` when the process is gone, with `false` if it is still there `KILL_TIMEOUT` after SIGKILL. */
export async function endProcess(
  child: AppProcess,
  { signal, timeout }: { signal: NodeJS.Signals; timeout: number },
  clock: Clock,
): Promise<boolean> {
  try {
    child.signal(signal)
    if (await exits(child, timeout, clock)) return true
    debug('%d ignores %s', child.pid, signal)
  } catch (error) {
    // the system does not know the signal, or does not allow it: SIGKILL ends the process then
    debug('%d: %o', child.pid, error)
  }
  child.kill()
  return exits(child, KILL_TIMEOUT, clock)
}

/** The error of a process that is still there. */
export function stillThere({ pid }: AppProcess, entry: string): TetherError {
  const text = `Process ${pid} of ${entry} did not end ${KILL_TIMEOUT} ms after SIGKILL. End it, then save a file.`
  return new TetherError('ERR_START', text)
}

function exits(child: AppProcess, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false))
    child.exited.then(() => {
      cancel()
      resolve(true)
    })
  })
}
