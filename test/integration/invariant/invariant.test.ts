import { expect, test } from 'vitest'
import type { Driver } from '../../support/invariant-app.ts'
import { check } from '../../support/invariant-check.ts'

const FILE = 'test/integration/invariant/invariant.test.ts'
const LENGTH = Number(process.env.TETHER_LENGTH ?? 10)

/** The seeds to try: TETHER_SEED may be a number, or a range as `1-20`. */
function seedsFor(seed: number): number[] {
  const [from = seed, to = from] = (process.env.TETHER_SEED ?? '').split('-').filter(Boolean).map(Number)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

// beside each other: most of the time each waits for its watcher
test.concurrent.each<[Driver, number]>([
  ['standby', 1],
  ['no standby', 2],
  ['two runners', 3],
  ['in process', 4],
])(
  '%s: after any edits what runs is what a fresh process would run, and what was said is true',
  async (driver, seed) => {
    for (const each of seedsFor(seed)) expect(await check(each, driver, LENGTH, FILE)).toBe(LENGTH)
  },
  3_600_000,
)
