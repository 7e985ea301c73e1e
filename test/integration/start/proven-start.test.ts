/** The process begins with what is proven, and with nothing else that lies at its place by then. */
import { copyFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readKeptCode } from '../../../src/client/start/kept-code.ts'
import { prove } from '../../../src/shared/kept-start.ts'
import { begin, createApp, indexOf, readStart, startOnce } from '../../support/kept-start.ts'

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

test('the command finds what was edited while nothing ran', async () => {
  const project = createApp({
    'src/main.ts': "import { text } from './text.ts'\nconsole.log('app ' + text)\nsetInterval(() => {}, 1000)",
    'src/text.ts': "export const text = 'one'",
  })
  for (const [text, begun] of [
    ['one', 0],
    ['one', 2],
    ['two', 0],
    ['two', 2],
  ] as const) {
    if (text === 'two' && begun === 0) project.edit('src/text.ts', 'one', 'two')
    const running = begin(project)
    await running.match(new RegExp(`app ${text}`))
    await running.match(begun === 0 ? /modules are kept/ : /ready in/)
    process.kill(running.pid, 'SIGTERM')
    await running.exited
    expect(readStart(running)).toMatchObject({ says: [`app ${text}`], begun })
    expect(running.text.includes('text.ts is not what it was')).toBe(text === 'two' && begun === 0)
  }
})
