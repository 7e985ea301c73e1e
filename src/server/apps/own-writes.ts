/**
 * Tells files that an ending app, or this process, has written from files that were saved. The times in the files help only where the
 * clock of their drive is ours, which that of a network drive may not be.
 */
import { fstatSync } from 'node:fs'
import type { ViteDevServer } from 'vite'
import { identityOf, statOf } from '../../shared/util/file-stats.ts'

/**
 * Milliseconds after the end of a process in which the watcher may still report what the process has written, and what this process
 * and programs behind its output (`| tee app.log`) have written about the end.
 */
const AFTERMATH = 300

/** Milliseconds from a process' end until saves are saves again: `watcher` may be slower than file events. */
export function aftermath({ options }: ViteDevServer['watcher']): number {
  const { usePolling, interval = 100, binaryInterval = 300, awaitWriteFinish } = options
  const polling = usePolling ? Math.max(interval, binaryInterval) : 0
  const settling = typeof awaitWriteFinish === 'object' ? (awaitWriteFinish.stabilityThreshold ?? 2000) : 0
  return AFTERMATH + polling + (awaitWriteFinish === true ? 2000 : settling)
}

/**
 * `true` if a file came to be after `time`, in ms since the epoch: the ended process cannot have made it. `false` as well where the drive
 * has another clock. A file that was there may still be written to about the end, by `| tee app.log` for example.
 */
export function isMadeSince(file: string, time: number): boolean {
  const made = statOf(file)?.birthtimeMs
  return made !== undefined && made > time && made <= Date.now() + 1
}

/** The same for a file that was written after `time`, or that is gone. */
export function isWrittenSince(file: string, time: number): boolean {
  const written = statOf(file)?.mtimeMs
  return written === undefined || (written > time && written <= Date.now() + 1)
}

/** `true` for the file into which the output of this process goes (`> app.log`), and with it the output of its apps. */
export function isOutput(file: string): boolean {
  const identity = identityOf(file)
  if (identity === undefined) return false
  return [1, 2].some((descriptor) => {
    try {
      const { dev, ino } = fstatSync(descriptor, { bigint: true })
      return identity === `${dev}:${ino}`
    } catch {
      // this process has no such output
      return false
    }
  })
}
