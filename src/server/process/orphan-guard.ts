/**
 * Ends app processes when this process is killed and cannot do it itself. An app process stops by itself when its inherited fd
 * reports that the parent is gone, but not while its main thread is in a loop, and it does not stop its own children. So a shell in
 * a session of its own reads lines with the groups that are alive. When its input ends it waits a second and kills those of the
 * last line.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createDebug } from 'obug'

const debug = createDebug('vite-tether:process')

const SCRIPT = `
groups=
while read -r line; do groups=$line; done
[ -n "$groups" ] || exit 0
sleep 1
kill -s KILL -- $groups 2>/dev/null
`

const groups = new Set<number>()
let holders = 0
let shell: ChildProcess | undefined

/** Keeps the guard for as long as app processes may be started. Call the returned function once when that is over. */
export function holdGuard(): () => void {
  holders += 1
  return () => {
    holders -= 1
    if (holders > 0) return
    shell?.stdin?.end()
    shell = undefined
  }
}

/** Names a process group that must not outlive this process. Call the returned function when it is gone. */
export function guard(group: number): () => void {
  // Windows' job objects, in which libuv puts every child, do the same
  if (process.platform === 'win32') return () => {}
  groups.add(group)
  tell()
  return () => {
    groups.delete(group)
    tell()
  }
}

function tell(): void {
  if (shell === undefined && groups.size > 0) shell = startShell()
  shell?.stdin?.write(`${[...groups].map((group) => -group).join(' ')}\n`)
}

function startShell(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', SCRIPT, 'vite-tether-guard'], {
    detached: true,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // without a shell (in a distroless image) an app process still stops by itself, see above
  const gone = (reason: unknown) => {
    debug('no guard: %o', reason)
    if (shell === child) shell = undefined
  }
  child.on('error', gone)
  child.on('exit', gone)
  child.stdin!.on('error', gone)
  child.unref()
  ;(child.stdin as unknown as { unref(): void }).unref()
  return child
}
