import { expect, test } from 'vitest'
import { checkArguments } from '../../../../src/server/hub/argument-checks.ts'

const info = { name: 'n', kind: 'attached', pid: 1, host: 'h', root: '/' }
const report = { seq: 1, outcome: 'updated', ms: 1, evaluated: 1, updates: [{ boundary: '/a', accepted: '/b' }] }

test.each<[Parameters<typeof checkArguments>[0], ...unknown[]]>([
  ['init', info],
  ['fetch', '/a'],
  ['fetch', './a', '/b', true],
  ['compare', {}],
  ['compare', { '/a': 'hash' }],
  ['hot', { type: 'custom', event: 'x' }],
  ['hot', { type: 'custom', event: 'x', data: [null] }],
  ['applied', report],
  ['applied', { ...report, outcome: 'failed', error: { name: 'Error', message: '' } }],
  ['applied', { ...report, outcome: 'unaccepted', chain: ['/a'], more: 'from a later version' }],
  ['loaded', { '/a': 1 }],
])('%s(%j) is taken', (name, ...args) => {
  expect(() => checkArguments(name, ...args)).not.toThrow()
})

test.each<[Parameters<typeof checkArguments>[0], ...unknown[]]>([
  ['init', undefined],
  ['init', { ...info, pid: '1' }],
  ['init', { ...info, kind: 'other' }],
  ['fetch', undefined],
  ['fetch', { toString: 1 }],
  ['fetch', '/a', 1],
  ['compare', null],
  ['compare', ['/a']],
  ['compare', { '/a': {} }],
  ['hot', undefined],
  ['hot', { type: 'full-reload' }],
  ['hot', { type: 'custom', event: ['x'] }],
  ['applied', null],
  ['applied', { ...report, outcome: 'great' }],
  ['applied', { ...report, updates: [null] }],
  ['applied', { ...report, chain: 'abc' }],
  ['applied', { ...report, error: 'boom' }],
  ['loaded', 'path'],
  ['loaded', [1]],
])('%s(%j) is refused by name, and not quoted', (name, ...args) => {
  expect(() => checkArguments(name, ...args)).toThrow(
    expect.objectContaining({ code: 'ERR_PROTOCOL', message: expect.stringContaining(`${name}()`) }),
  )
})
