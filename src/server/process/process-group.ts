/** Sends signals to an app process and all that it has started: its process group, or on Windows its tree. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { createDebug } from 'obug'

const debug = createDebug('vite-tether:process')

/** Milliseconds that processes left behind by the app have between SIGTERM and SIGKILL. */
const LEFTOVER_GRACE = 500
/** Milliseconds to wait until the kernel has carried out a SIGKILL. */
const KILL_GRACE = 2000
const FIRST_POLL = 5

/** Sends `signal` to the group of `leader`; 0 only asks. Returns `false` if the group has no members any more. */
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

/** Kills the process and all that it has started. */
export function killTree(leader: number, platform: NodeJS.Platform = process.platform): void {
  if (platform !== 'win32') {
    signalGroup(leader, 'SIGKILL')
    return
  }
  // taskkill finds child processes by their parent, so the leader must not be killed before
  const killer = spawn('taskkill', ['/pid', String(leader), '/T', '/F'], { stdio: 'ignore', windowsHide: true })
  const alone = (reason: unknown) => {
    debug('taskkill failed: %o', reason)
    try {
      process.kill(leader, 'SIGKILL')
    } catch (error) {
      // the process has ended already
      debug('%d: %o', leader, error)
    }
  }
  killer.on('error', alone)
  killer.on('exit', (code) => code !== 0 && alone(code))
}

/**
 * Ends the rest of a group whose leader has exited, so that no port stays taken: SIGTERM, half a second, SIGKILL. To be called
 * right after the exit: later the system may have given the id to another process.
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

/** `true` if all members are dead. Where PID 1 does not reap orphans, as in many containers, they stay, but hold no port. */
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
    // the process has ended since the folder was listed
    return ''
  }
}
