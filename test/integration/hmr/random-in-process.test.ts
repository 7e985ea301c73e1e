import { test } from 'vitest'
import { seedsOf } from '../../support/flaky.ts'
import { runSeed } from '../../support/random-in-process.ts'

const isLong = process.env.TETHER_FAULTS === 'all'
/** Edits of each seed, the first ones of a longer run. */
const EDITS = Number(process.env.TETHER_LENGTH ?? 25)
/** Milliseconds after which no further seed is begun. */
const BUDGET = process.env.TETHER_SEED ? 3_600_000 : isLong ? 600_000 : 4_000

test('after random edits, what runs in process is what a fresh process would run', {
  timeout: BUDGET + 60_000,
}, async () => {
  const seeds = seedsOf(isLong ? '1-100' : '1-10')
  const end = Date.now() + BUDGET
  for (const seed of seeds) {
    if (Date.now() > end) break
    await runSeed(seed, EDITS, seeds.length === 1).catch((cause: Error) => {
      const file = 'test/integration/hmr/random-in-process.test.ts'
      throw new Error(`repeat with: TETHER_SEED=${seed} npx vitest run ${file}\n${cause.message}`, { cause })
    })
  }
})
