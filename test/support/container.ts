/** A container, as far as a process can tell: a PID namespace in which the command is process 1. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { type Running, run, until } from './child.ts'

/** Why no container can be made here, if so. */
export function whyNoContainers(): string | undefined {
  if (process.platform !== 'linux') return 'PID namespaces are Linux only'
  try {
    execFileSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `unshare: ${(error as Error).message.trim().split('\n').at(-1)}`
  }
}

/** A command that is process 1. */
export interface Container extends Running {
  /** Sends a signal to process 1, as `docker stop` does. */
  signal(signal: NodeJS.Signals): void
  /** Names and states of the processes that process 1 has: its own children, and whom nobody else waits for. */
  children(): { pid: number; name: string; state: string }[]
}

/** Runs `line` of a shell script (which ends with `exec`) as process 1 in `cwd`; there is no terminal. */
export async function runInContainer(line: string, cwd: string): Promise<Container> {
  const running = run('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', line], { cwd })
  onTestFinished(() => running.end())
  const [first] = await until(() => {
    const found = childrenOf(running.pid)
    return found.length > 0 && found
  }, 'process 1')
  return Object.assign(Object.create(running) as Running, {
    signal: (signal: NodeJS.Signals) => void process.kill(first!.pid, signal),
    children: () => childrenOf(first!.pid),
  })
}

/** The processes that `parent` has started and that are still there. */
export function childrenOf(parent: number): { pid: number; name: string; state: string }[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const [, name, state, ppid] = /\((.*)\) (\w) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))!
      return Number(ppid) === parent ? [{ pid: Number(pid), name: name!, state: state! }] : []
    } catch {
      // it has ended since the folder was listed
      return []
    }
  })
}
