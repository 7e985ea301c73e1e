import { defineConfig } from 'vitest/config'

/** The command under other versions of Node, which have a lockfile of their own: `npm ci --prefix test/versions` first. */
export default defineConfig({
  test: {
    include: ['test/versions/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
})
