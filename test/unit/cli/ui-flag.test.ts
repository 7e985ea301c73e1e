import { expect, test } from 'vitest'
import { parseFlags } from '../../../src/cli/flags.ts'

test.each([
  [['--ui'], 0],
  [['--ui', '4000'], 4000],
  [['--ui=4000'], 4000],
  [[], undefined],
])('%j asks for the page on port %s', (argv, ui) => {
  expect(parseFlags([...argv, 'main.ts', '5000'])).toMatchObject({ ui, entry: 'main.ts', args: ['5000'] })
})

test.each(['--ui=main.ts', '--ui=70000', '--ui='])('%s is refused', (flag) => {
  expect(() => parseFlags([flag, 'main.ts'])).toThrow('Expected the value of --ui to be a port from 0 to 65535')
})
