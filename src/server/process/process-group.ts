/** Signals to everything that an app process has started: its process group, or on Windows its tree. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { createDebug } from 'obug'

const debug = createDebug('vite-tether:process')

/** Milliseconds that processes left behind by the app have between SIGTERM and SIGKILL. */
const LEFTOVER_GRACE = 500
/** Milliseconds that the kernel has to carry out a SIGKILL. */
const KILL_GRACE = 2000
const FIRST_POLL = 5

/** Sends `signal` to the group that `leader` leads; 0 only asks. Returns `false` when nobody is in it any more. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal)
    return true
  } catch (error) {
    // macOS answers EPERM for a group of zombies
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH' || code === 'EPERM') return false
    throw error
  }
}

/** Kills the process and everything it has started, without asking. */
export function killTree(leader: number, platform: NodeJS.Platform = process.platform): void {
  if (platform !== 'win32') {
    signalGroup(leader, 'SIGKILL')
    return
  }
  // it finds the others by who has started them: the leader has to live until then
  const killer = spawn('taskkill', ['/pid', String(leader), '/T', '/F'], { stdio: 'ignore', windowsHide: true })
  const alone = (reason: unknown) => {
    debug('taskkill failed: %o', reason)
    try {
      process.kill(leader, 'SIGKILL')
    } catch (error) {
      // it has ended
      debug('%d: %o', leader, error)
    }
  }
  killer.on('error', alone)
  killer.on('exit', (code) => code !== 0 && alone(code))
}

/**
 * Ends what is left of a group whose leader has exited, so that no port stays taken: SIGTERM, half a second, SIGKILL. It has
 * to run right after the exit, while the system cannot have given the id to anybody else.
 */
export async function clearGroup(leader: number): Promise<void> {
  if (process.platform === 'win32' || !signalGroup(leader, 'SIGTERM')) return
  debug('processes that %d started are still there', leader)
  if (await groupGone(leader, LEFTOVER_GRACE)) return
  signalGroup(leader, 'SIGKILL')
  if (!(await groupGone(leader, KILL_GRACE))) debug('the group of %d still has members', leader)
}

async function groupGone(leader: number, patience: number): Promise<boolean> {
  const end = performance.now() + patience
  for (let poll = FIRST_POLL; signalGroup(leader, 0) && !onlyZombies(leader); poll *= 2) {
    const rest = end - performance.now()
    if (rest <= 0) return false
    await delay(Math.min(poll, rest))
  }
  return true
}

/** Where PID 1 does not reap orphans, as in many containers, the dead stay in their group. They hold nothing. */
function onlyZombies(leader: number): boolean {
  if (process.platform !== 'linux') return false
  return readdirSync('/proc').every((name) => {
    if (!/^\d+$/.test(name)) return true
    const stat = readStat(name)
    // pid (comm) state ppid pgrp ...; comm may hold anything, parentheses too
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(group) !== leader || state === 'Z' || state === 'X'
  })
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    // it has ended since the folder was listed
    return ''
  }
}
