import { expect, test } from 'vitest'
import { parseFlags } from '../../../src/cli/flags.ts'

test.each([
  ['-w', /With other tools it means --watch: saves are watched anyway, and update or restart the app\. Leave it out/],
  ['-p', /comes after the entry/],
  ['--tsconfig', /Vite finds the tsconfig\.json beside the files/],
  ['--tsconfig=x.json', /Vite finds the tsconfig\.json beside the files/],
  ['--project', /--root/],
  ['--exec', /run by node itself/],
  ['--ext', /--include <glob>/],
  ['--ignore', /--exclude <glob>/],
  ['-i', /--exclude <glob>/],
  ['--respawn', /next save/],
  ['--transpile-only', /Types are never checked/],
])(
  'a flag of a similar tool, %s, is answered by what to do instead, and not by a similar spelling',
  (flag, message) => {
    const error = (() => {
      try {
        parseFlags([flag, 'src/server.ts'])
      } catch (error) {
        return error as Error
      }
      throw new Error('It was taken.')
    })()
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/Did you mean/)
  },
)

test('behind the entry they are the app’s', () => {
  expect(parseFlags(['src/server.ts', '-w', '--port', '3000']).args).toEqual(['-w', '--port', '3000'])
})
