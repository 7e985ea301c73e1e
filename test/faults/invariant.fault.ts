import { expect, type TestContext, test } from 'vitest'
import { seedsOf } from '../support/flaky.ts'
import { check } from '../support/invariant-check.ts'
import { measured, scaled } from '../support/measure.ts'

/** Steps of one app; some have several edits. */
const LENGTH = 30
const { length: apps, scale } = scaled(100, 2)

for (const driver of ['standby', 'no standby', 'two runners', 'in process'] as const) {
  test(
    `${driver}: thousands of edits leave what a fresh process would run, and lines that are true`,
    async (context: TestContext) => {
      const length = Number(process.env.TETHER_LENGTH ?? LENGTH)
      const seeds = seedsOf(`1000-${999 + apps}`)
      const failures: string[] = []
      for (const seed of seeds) {
        try {
          await check(seed, driver, length, '--config vitest.faults.config.ts test/faults/invariant.fault.ts')
        } catch (error) {
          failures.push((error as Error).message)
        }
      }
      const figure = `${driver}: ${failures.length} of ${seeds.length} apps wrong, ${length} steps each`
      measured(context, { figure, seed: seeds[0]!, scale })
      expect(failures.join('\n\n')).toBe('')
    },
    3 * 60 * 60_000,
  )
}
