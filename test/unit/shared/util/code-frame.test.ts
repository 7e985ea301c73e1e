import { expect, test } from 'vitest'
import { codeFrame, firstPlace } from '../../../../src/shared/util/code-frame.ts'

test('a code frame marks the position below its line, tabs and all', () => {
  expect(codeFrame('a\n\tb()\r\nc', 2, 2)).toBe('1 |  a\n2 |  \tb()\n  |  \t^\n3 |  c')
})

test('a code frame is empty where the file has no such place any more, or the line is no text for people', () => {
  expect(codeFrame('a\nb', 3, 1)).toBe('')
  expect(codeFrame('a\n\nb', 2, 5)).toBe('')
  expect(codeFrame('x'.repeat(1000), 1, 1)).toBe('')
})

test('the place of an error is its first frame in a file of the app', () => {
  const stack = [
    'Error: at /not/a/frame.ts:1:1',
    '    at node:internal/x:1:2',
    '    at f (/app/node_modules/p/i.js:1:2)',
    '    at async file:///app/src/a.ts:3:4',
  ]
  expect(firstPlace(stack.join('\n'), () => true)).toEqual({ file: '/app/src/a.ts', line: 3, column: 4 })
  expect(firstPlace(stack.join('\n'), () => false)).toBeUndefined()
})
