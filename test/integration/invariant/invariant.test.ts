import { expect, test } from 'vitest'
import { seedsOf } from '../../support/flaky.ts'
import type { Driver } from '../../support/invariant-app.ts'
import { check } from '../../support/invariant-check.ts'

const FILE = 'test/integration/invariant/invariant.test.ts'
const LENGTH = Number(process.env.TETHER_LENGTH ?? 8)

// Each of these seeds has found a fault once; thousands more are tried by the fault suite. The drivers run beside each other: most of
// the time each of them waits for its watcher.
test.concurrent.each<[Driver, number[]]>([
  // a standby that was never told of a save: no HMR at all, a plugin that takes the file out of the update
  ['standby', [15, 17]],
  // a file that is imported before it exists; an invalidate() that never ends
  ['no standby', [28, 126]],
  // a syntax error behind import() that was called a success
  ['two runners', [16]],
  // an unchanged module behind import() that was made anew
  ['in process', [571, 7]],
])(
  '%s: after any edits what runs is what a fresh process would run, and what was said is true',
  async (driver, seeds) => {
    for (const seed of process.env.TETHER_SEED ? seedsOf('') : seeds)
      expect(await check(seed, driver, LENGTH, FILE)).toBe(LENGTH)
  },
  3_600_000,
)
