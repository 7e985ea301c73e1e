/** Finds the process that listens on a port of this machine, as far as the system tells. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTENING = '0A'

/** A process for people: its command and pid. `undefined` where the system does not say (another user's, or no Linux). */
export function portOwner(port: number): string | undefined {
  try {
    const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => inodesOf(file, port)))
    const pid =
      sockets.size > 0 ? readdirSync('/proc').find((name) => /^\d+$/.test(name) && holds(name, sockets)) : undefined
    return pid && `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`
  } catch {
    // it has just ended, or this is another system
    return undefined
  }
}

/** Links in `/proc/<pid>/fd` of the sockets that listen on a port. */
function inodesOf(file: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${hex}`))
    .map((fields) => `socket:[${fields[9]}]`)
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`)))
  } catch {
    // another user's, or gone
    return false
  }
}
