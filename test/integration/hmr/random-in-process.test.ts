import { test } from 'vitest'
import { runSeed } from '../../support/random-in-process.ts'

const isLong = process.env.TETHER_FAULTS === 'all'
/** Edits of each seed, the first ones of a longer run. */
const EDITS = 25
/** Milliseconds after which no further seed is begun. */
const BUDGET = isLong ? 240_000 : 4_000

test('after random edits, what runs in process is what a fresh process would run', {
  timeout: BUDGET + 60_000,
}, async () => {
  const only = process.env.TETHER_SEED
  const end = Date.now() + BUDGET
  const last = only ? Number(only) : isLong ? 100 : 10
  for (let seed = only ? last : 1; seed <= last && Date.now() < end; seed++) {
    await runSeed(seed, EDITS, only !== undefined).catch((cause: Error) => {
      const file = 'test/integration/hmr/random-in-process.test.ts'
      throw new Error(`repeat with: TETHER_SEED=${seed} npx vitest run ${file}\n${cause.message}`, { cause })
    })
  }
})
