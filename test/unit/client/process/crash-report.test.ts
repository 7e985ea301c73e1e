import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { formatCrash } from '../../../../src/client/process/crash-report.ts'
import { TetherError } from '../../../../src/shared/errors.ts'

test('the report of a crash is what node prints of an error, with its cause and its properties, and its message first', () => {
  const error = Object.assign(new RangeError('outer', { cause: new Error('inner') }), { code: 'E_OUTER' })
  const text = formatCrash(error, false)
  expect(text).toMatch(
    /^RangeError: outer\n\/.*crash-report\.test\.ts:\d+:\d+\n[\s\S]*\n +\| +\^\n[\s\S]*\n\s+at .*crash-report\.test\.ts/,
  )
  expect(text).toContain("code: 'E_OUTER'")
  expect(text).toContain('[cause]: Error: inner')
})

test('a message of several lines stands below the place and its code', () => {
  const text = formatCrash(new Error('one\ntwo'), false)
  expect(text).toMatch(
    /^\/.*crash-report\.test\.ts:\d+:\d+\n[\s\S]*\n\nError: one\ntwo\n\s+at .*crash-report\.test\.ts/,
  )
})

test('the report of a crash says so when what was thrown is no error', () => {
  expect(formatCrash('text', false)).toBe("Uncaught 'text'")
  expect(formatCrash(undefined, false)).toBe('Uncaught undefined')
  expect(formatCrash(null, false)).toBe('Uncaught null')
})

test('the report of a crash leaves out frames of this package', () => {
  const error = new Error('x')
  const own = new URL('../../../../src/client/runner/node-runner.ts', import.meta.url).href
  error.stack = `Error: x\n    at app (/app/server.ts:1:2)\n    at load (${own}:3:4)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)`
  expect(formatCrash(error, false)).toBe('Error: x\n    at app (/app/server.ts:1:2)')
  expect(stripVTControlCharacters(formatCrash(error, true))).toBe('Error: x\n    at app (/app/server.ts:1:2)')
  Object.assign(error, { code: 'E_X' })
  expect(formatCrash(error, false)).toBe("Error: x\n    at app (/app/server.ts:1:2) {\n  code: 'E_X'\n}")
})

test('the report of a crash shows where code could not be transformed instead of the stack of Vite', () => {
  const error = Object.assign(new SyntaxError('Unexpected token'), {
    plugin: 'vite:oxc',
    id: '/app/server.ts',
    loc: { file: '/app/server.ts', line: 3, column: 7 },
    frame: '3 | const \u001b[31m=\u001b[0m 1',
  })
  expect(formatCrash(error, false)).toBe('SyntaxError: Unexpected token\n    at /app/server.ts:3:7\n3 | const = 1')
  expect(formatCrash(error, true)).toContain('\u001b[31m=')
})

test('an error of ours is told by its message alone', () => {
  const error = new TetherError('ERR_MODULE_NOT_FOUND', "Cannot find module './x.ts'.", { cause: new Error('inner') })
  expect(formatCrash(error, false)).toBe("[vite-tether] Cannot find module './x.ts'.")
})
