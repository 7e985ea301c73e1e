import { expect, test } from 'vitest'
import type { RestartCause } from '../../../../src/server/hub-types.ts'
import { RepeatedRestarts } from '../../../../src/server/terminal/repeated-restarts.ts'

const saved = (...chain: string[]): RestartCause => ({ kind: 'unaccepted', chain })

/** The answers to restarts for `causes`, one each `gap` milliseconds. */
function noted(gap: number, causes: RestartCause[]): (string | undefined)[] {
  const repeated = new RepeatedRestarts()
  return causes.map((cause, index) => repeated.note(cause, index * gap))
}

test.each<[cause: RestartCause, file: string]>([
  [saved('/src/gen.ts', '/src/main.ts'), 'src/gen.ts'],
  [saved('/@fs/home/x/gen.ts?v=1', '/src/main.ts'), '/home/x/gen.ts'],
  [{ kind: 'file', file: '.env' }, '.env'],
  [{ kind: 'native', file: 'lib/gen.cjs' }, 'lib/gen.cjs'],
])('the fifth restart in a row for %o names its file, once', (cause, file) => {
  const some = new Array(4).fill(undefined)
  expect(noted(2900, new Array(12).fill(cause))).toEqual([...some, file, ...some, undefined, undefined, undefined])
})

test('restarts that rest in between, or are for several files, or for none, are as people save', () => {
  const [a, b] = [saved('/a.ts'), saved('/b.ts')]
  expect(noted(3100, new Array(9).fill(a)).filter(Boolean)).toEqual([])
  expect(noted(100, [a, a, a, a, b, a, a, a, a, b]).filter(Boolean)).toEqual([])
  expect(noted(100, new Array(9).fill({ kind: 'request' })).filter(Boolean)).toEqual([])
})
