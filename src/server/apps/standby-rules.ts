/** When a process may be started ahead of its turn, and what makes one that was useless. */
import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { resolve } from 'node:path'

/** Free memory, in bytes, below which the app that runs gets all of it. */
const ROOM = 512 * 1024 * 1024

/**
 * Flags with which node runs code, opens a port or writes files before it comes to the entry: a second process that does so
 * while the first one runs would be noticed.
 */
const EARLY =
  /^(--import|--require|-r|--loader|--experimental-loader|--inspect|--debug|--cpu-prof|--heap-prof|--heapsnapshot|--prof|--perf|--interpreted-frames|--trace|--report|--diagnostic-report|--redirect-warnings|--test|--watch|--snapshot-blob|--build-snapshot|--experimental-config-file|--experimental-default-config-file)/

const ENV_FILE = /^--env-file(?:-if-exists)?(?:=(.*))?$/s

/** Whether nobody notices a process that is started with these flags of node before it is needed. */
export function mayWait(execArgv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  if (env.NODE_V8_COVERAGE) return false
  const options = env.NODE_OPTIONS?.split(/[\s"]+/) ?? []
  return ![...execArgv, ...options].some((flag) => EARLY.test(flag))
}

/** What is in the files that node reads the environment from. */
export function envFiles(execArgv: readonly string[], cwd: string): (string | undefined)[] {
  return execArgv.flatMap((flag, index) => {
    const match = ENV_FILE.exec(flag)
    return match ? [readOptional(resolve(cwd, match[1] ?? execArgv[index + 1] ?? ''))] : []
  })
}

/** Whether the system has memory for one more process. */
export function hasRoom(): boolean {
  // the latter does not know of the limits of a container
  const { availableMemory } = process as { availableMemory?: () => number }
  return (availableMemory?.() ?? freemem()) > ROOM
}

function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // node says what is wrong with it
    return undefined
  }
}
