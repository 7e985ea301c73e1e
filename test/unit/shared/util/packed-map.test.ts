import { expect, test } from 'vitest'
import { pack, unpack } from '../../../../src/shared/util/packed-map.ts'

test.each([10, 4096, 4097, 100_000])('text of %d characters comes back as it was, and never longer', (length) => {
  const json = `{"mappings":"${'AAAA;CACE,'.repeat(length)}`.slice(0, length - 2).concat('"}')
  const packed = pack(json)
  expect(json).toHaveLength(length)
  expect(unpack(packed)).toBe(json)
  expect(packed.length).toBeLessThanOrEqual(json.length)
  expect(pack(json)).toBe(packed)
})

test('text beyond the usual size of a map is kept in a fraction of its length', () => {
  expect(pack(`{"mappings":"${'AAAA;CACE,'.repeat(1000)}"}`).length).toBeLessThan(1000)
})
