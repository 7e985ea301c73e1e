import { expect, test } from 'vitest'
import { Instance } from '../../../../src/client/evaluate/instance.ts'

const make = (id: string) => new Instance(id, new Set())

test('who waits for whom is followed through any number of instances', () => {
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(make) as [Instance, Instance, Instance, Instance]
  a.waitFor(b)
  b.waitFor(c)
  expect(a.isWaitingFor(c)).toBe(true)
  expect(c.isWaitingFor(a)).toBe(false)
  expect(a.isWaitingFor(d)).toBe(false)
  expect(a.isWaitingFor(a)).toBe(true)
})

test('who waits for whom ends in a cycle, and is not deeper than memory', () => {
  const chain = Array.from({ length: 20_000 }, (_, n) => make(String(n)))
  for (const [n, instance] of chain.entries()) instance.waitFor(chain[(n + 1) % chain.length]!)
  expect(chain[1]!.isWaitingFor(chain[0]!)).toBe(true)
  expect(chain[1]!.isWaitingFor(make('other'))).toBe(false)
})
