/** The process begins with what the command has proven, and with nothing else that lies at its place by then. */
import { copyFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readKeptCode } from '../../../src/client/start/kept-code.ts'
import { prove } from '../../../src/shared/kept-start.ts'
import { createApp, indexOf, startOnce } from '../../support/kept-start.ts'

test('what another start has written after the proof is not begun with', async () => {
  const project = createApp({ 'src/main.ts': "const text: string = 'one'\nconsole.log('app ' + text)" })
  await startOnce(project)
  const index = indexOf(project)
  const proven = { path: index, digest: prove(index) }
  copyFileSync(index, project.path('first'))
  project.edit('src/main.ts', 'one', 'two')
  expect(() => prove(index)).toThrow('main.ts is not what it was')
  expect(await startOnce(project)).toMatchObject({ says: ['app two'], begun: 0, kept: 1 })
  expect(() => readKeptCode(proven)).toThrow('its index is another one')
  const newest = readKeptCode({ path: index, digest: prove(index) })
  expect(newest.records.map(({ code }) => code)).toEqual([expect.stringContaining('two')])
  // its texts have been removed
  copyFileSync(project.path('first'), index)
  expect(() => readKeptCode(proven)).toThrow('its code is damaged')
})
