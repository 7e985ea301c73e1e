import { expect, test } from 'vitest'
import { median, range } from '../../../bench/statistics.ts'

test('the median is the middle value, or between the two middle ones', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([9, 1, 5, 6])).toBe(5.5)
  expect(median([])).toBeUndefined()
})

test('the range is the smallest and the largest value', () => {
  expect(range([9, 1, 5])).toEqual([1, 9])
  expect(range([])).toBeUndefined()
})
