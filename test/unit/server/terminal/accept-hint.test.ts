import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { formatHint } from '../../../../src/server/terminal/accept-hint.ts'

test('the accept hint is one line, whichever framework listens', () => {
  expect(stripVTControlCharacters(formatHint('src/main.ts', false)).split('\n')).toEqual([
    'nothing in this app accepts updates, so each save restarts it. To update it in place, add to src/main.ts:',
    expect.stringMatching(/^ {4}import\.meta\.hot\?\.accept\(\) \/\/ this file may run again, ports stay open/),
  ])
})

test('the accept hint of a package that may be built to CommonJS has a line for that, too', () => {
  expect(stripVTControlCharacters(formatHint('src/main.ts', true)).split('\n').slice(2)).toEqual([
    '    module.hot?.accept() // instead, if tsc compiles this file to CommonJS, which has no import.meta',
  ])
})
