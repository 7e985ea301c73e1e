/** Starts the process of an app: the call of the system, and what it is given. */
import { type ChildProcess, spawn } from 'node:child_process'
import { RUNNER_MARKER } from '../../shared/constants.ts'
import { TetherError } from '../../shared/errors.ts'

/** Signals that a terminal sends to all processes in the foreground, not to one. */
export const TERMINAL_SIGNALS: readonly string[] = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGTSTP', 'SIGCONT', 'SIGWINCH']

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

/** Calls the system. `hasChannel`: with one for ports. The caller listens to `error`. */
export function launch(command: AppCommand, hasChannel: boolean): ChildProcess {
  const output = command.stdio === 'pipe' ? 'pipe' : 'inherit'
  const stdin = command.stdin === 'inherit' ? 'inherit' : 'pipe'
  return spawn(process.execPath, [...command.execArgv, command.main, command.entry, ...command.args], {
    cwd: command.cwd,
    env: { ...command.env, [RUNNER_MARKER]: '1' },
    // a process group, so that all that the app starts can be ended with it
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: [stdin, output, output, 'overlapped', ...(hasChannel ? ['ipc' as const] : [])],
  })
}

/** Resolves when the system has started the process; rejects with `ERR_START` if it could not. */
export async function startProcess(command: AppCommand, hasChannel: boolean): Promise<ChildProcess> {
  try {
    const child = launch(command, hasChannel)
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
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
