/** The entries of an app process. */
import type { SessionRunner } from '../runner/session-runner.ts'

/** Node's exit code when a top-level await can never settle. */
const UNSETTLED = 13

/** Executes `entries` one after the other. Rejects with what they throw; says so if the process ends before they have. */
export async function execute(runner: Pick<SessionRunner, 'import'>, entries: readonly string[]): Promise<void> {
  process.once('beforeExit', unsettled)
  try {
    for (const each of entries) await runner.import(each)
  } finally {
    // an app that catches what its entry has thrown goes on
    process.off('beforeExit', unsettled)
  }
}

/** Nothing keeps the process alive, and the top-level await of an entry still waits. */
function unsettled(): void {
  process.exitCode ??= UNSETTLED
  process.stderr.write(`Warning: Detected unsettled top-level await in ${process.argv[1]} or a module it imports\n`)
}
