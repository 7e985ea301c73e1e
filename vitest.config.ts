import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/fixtures/**', 'test/.tmp/**', 'test/frameworks/**', 'test/versions/**'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // most of them wait for processes: one at a time would leave the machine idle half of the time
    maxWorkers: 2,
    // a process may take its time to start on a busy machine
    expect: { poll: { timeout: 10_000 } },
  },
})
