import { defineConfig } from 'vitest/config'

/** Tether beside whole frameworks, with a lockfile of their own: `npm ci --prefix test/frameworks` first. */
export default defineConfig({
  test: {
    include: ['test/frameworks/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
  },
})
