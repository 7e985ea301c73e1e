import { expect, test } from 'vitest'
import { parseFlags } from '../../../src/cli/flags.ts'

test.each([['--delay', '300'], ['--delay=300']])('%s %s is a number of milliseconds', (...argv) => {
  expect(parseFlags([...argv, 'main.ts'])).toMatchObject({ delay: 300, entry: 'main.ts' })
})

test('without the flag the option of the Vite config counts', () => {
  expect(parseFlags(['main.ts']).delay).toBeUndefined()
})

test.each(['-1', '1.5', '1s', '', '60001', '1e3', 'main.ts'])('--delay=%s is refused', (value) => {
  expect(() => parseFlags([`--delay=${value}`, 'main.ts'])).toThrow(
    `Expected the value of --delay to be a number of milliseconds from 0 to 60000, got '${value}'.`,
  )
})
