/** The rules for standbys: when one may be started, and which inputs make it useless. */
import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { resolve } from 'node:path'
import { allFlags } from './all-flags.ts'

/** Free memory, in bytes, below which there is no standby. */
const ROOM = 512 * 1024 * 1024

/**
 * Flags with which node runs code, opens a port or writes files before it comes to the entry. A standby would do the same while the
 * app runs, which the app or the user would notice.
 */
const EARLY =
  /^(--import|--require|-r|--loader|--experimental-loader|--inspect|--debug|--cpu-prof|--heap-prof|--heapsnapshot|--prof|--perf|--interpreted-frames|--trace|--report|--diagnostic-report|--redirect-warnings|--test|--watch|--snapshot-blob|--build-snapshot|--experimental-config-file|--experimental-default-config-file)/

const ENV_FILE = /^--env-file(?:-if-exists)?(?:=(.*))?$/s

/** `true` if a process with these flags of node can be started early without an effect that is noticed. */
export function mayWait(execArgv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  return !env.NODE_V8_COVERAGE && !allFlags(execArgv, env).some((flag) => EARLY.test(flag))
}

/** The contents of the files of `--env-file`; `undefined` for one that cannot be read. */
export function envFiles(execArgv: readonly string[], cwd: string): (string | undefined)[] {
  return execArgv.flatMap((flag, index) => {
    const match = ENV_FILE.exec(flag)
    return match ? [readOptional(resolve(cwd, match[1] ?? execArgv[index + 1] ?? ''))] : []
  })
}

/** `true` if the system has memory for one more process. */
export function hasRoom(): boolean {
  // freemem() does not know the limits of a container, availableMemory() does; Node 20 may lack it
  const { availableMemory } = process as { availableMemory?: () => number }
  return (availableMemory?.() ?? freemem()) > ROOM
}

function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // node itself reports a file that it cannot read
    return undefined
  }
}
