/** Notes of the fault suite beside pass or fail: the figure that was measured, and how long it was measured for. */
import type { TestContext } from 'vitest'

/** The line of a check in `test/faults/RESULTS.md`. */
export interface Measured {
  /** The figure, with its unit. */
  figure: string
  seed?: number
  /** Which part of its full length the check ran for, if it depends on that. */
  scale?: string
}

declare module 'vitest' {
  interface TaskMeta {
    measured?: Measured
  }
}

/** The part of their full length that long checks run for: 1 is all of it. */
export const SCALE = Number(process.env.TETHER_FAULTS_SCALE ?? 0.1)

/** A part of `full` (milliseconds, or how often), not less than `least`. */
export function scaled(full: number, least: number): { length: number; scale: string } {
  const length = Math.min(full, Math.max(least, Math.round(full * SCALE)))
  return { length, scale: length === full ? 'full' : `${length} of ${full}` }
}

/** Notes what a check has measured, before it is judged. */
export function measured({ task }: TestContext, what: Measured): void {
  task.meta.measured = what
}

/** The value that a part `p` (0 to 1) of `values` do not exceed. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)]!
}

export const MiB = 1024 * 1024

/** Bytes as text. */
export const inMiB = (bytes: number): string => `${(bytes / MiB).toFixed(1)} MiB`

/** Milliseconds as text: p50 and p95. */
export const spread = (values: readonly number[]): string =>
  `p50 ${percentile(values, 0.5).toFixed(1)} ms, p95 ${percentile(values, 0.95).toFixed(1)} ms (n = ${values.length})`
