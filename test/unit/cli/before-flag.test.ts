import { expect, test } from 'vitest'
import { parseFlags } from '../../../src/cli/flags.ts'

test.each([['--before', 'npx tsc --noEmit'], ['--before=npx tsc --noEmit']])('%s takes a command', (...argv) => {
  expect(parseFlags([...argv, 'main.ts'])).toMatchObject({ before: 'npx tsc --noEmit', entry: 'main.ts' })
})

test('--before without a command is refused', () => {
  expect(() => parseFlags(['--before'])).toThrow('Expected a value after the flag --before, got nothing.')
})
