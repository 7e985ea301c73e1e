import { defineConfig } from 'vitest/config'
import { files } from './test/faults/plan.ts'

/** The fault suite: every check of `test/faults/plan.ts`, one after the other, because they measure. Writes its results. */
export default defineConfig({
  test: {
    include: files,
    exclude: ['**/node_modules/**'],
    env: { TETHER_FAULTS: 'all' },
    testTimeout: 120_000,
    hookTimeout: 30_000,
    pool: 'forks',
    execArgv: ['--expose-gc'],
    fileParallelism: false,
    reporters: ['default', './test/faults/results.ts'],
  },
})
