import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ownVersions, versionGap } from '../../../src/shared/versions.ts'

const ours = { tether: '0.2.0', node: '22.12.0' }

test.each([
  ['of the same versions', ours, undefined],
  ['of another patch of Node', { tether: '0.2.0', node: '22.19.1' }, undefined],
  ['that does not tell', undefined, undefined],
  ['of another vite-tether', { tether: '0.2.1', node: '22.12.0' }, 'vite-tether 0.2.1 (here 0.2.0)'],
  ['of another Node', { tether: '0.2.0', node: '24.0.0' }, 'Node 24.0.0 (here 22.12.0)'],
  [
    'of another everything',
    { tether: '1.0.0', node: '20.19.0' },
    'vite-tether 1.0.0 (here 0.2.0) and Node 20.19.0 (here 22.12.0)',
  ],
])('of a side %s is said what matters', (_, theirs, said) => {
  expect(versionGap(theirs, ours)).toBe(said)
})

test('own versions are those of the package and the process', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  expect(ownVersions()).toEqual({ tether: version, node: process.versions.node })
})
