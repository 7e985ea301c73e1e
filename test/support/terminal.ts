/** A real terminal around a command: util-linux' `script` opens a pty and connects it with pipes. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isAlive, kill, type Running, run, until } from './child.ts'

/** `false` where there is no such `script`; macOS has another one. */
export const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0

/** Keys that a terminal turns into signals. */
export const CTRL_C = '\x03'
export const CTRL_Z = '\x1a'

/** A command at a terminal. */
export interface Terminal extends Running {
  /** Types text; `enter` is a line break. */
  type(keys: string): void
}

/** Starts `command` at a terminal of its own. Its exit code is that of the command. */
export function openTerminal(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Terminal {
  const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const running = run('script', ['--quiet', '--return', '--command', `exec ${line}`, '/dev/null'], {
    cwd,
    env: { ...process.env, CI: undefined, TERM: 'xterm', SHELL: '/bin/sh', ...env },
  })
  const terminal = running as Terminal
  terminal.type = (keys) => void running.child.stdin!.write(keys)
  // `script` runs the command in a session of its own, and a shell each of its jobs in a group of its own: they outlive `script`,
  // and then write to their folder while that is removed
  const { end } = running
  terminal.end = async () => {
    const left = descendantsOf(running.pid)
    for (const pid of left) kill(pid)
    await end()
    await until(() => !left.some(isAlive), `the end of ${line}`)
  }
  return terminal
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    // it has ended
    return []
  }
}
