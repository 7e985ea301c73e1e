/** The terminal's lines about attached runners: true, and once. */
import { EventEmitter } from 'node:events'
import type { Logger } from 'vite'
import { expect, test } from 'vitest'
import type { HubEvents, RunnerView } from '../../../../src/server/hub-types.ts'
import { reportAttached } from '../../../../src/server/terminal/attached-runners.ts'
import type { FlatError } from '../../../../src/shared/errors.ts'
import type { Applied } from '../../../../src/shared/types.ts'

const RUNNER: RunnerView = {
  ...{ id: 'mail#1', name: 'mail', kind: 'attached', pid: 1, host: 'pod', state: 'connected' },
  ...{ modules: 1, lastUpdate: undefined, current: true },
}
const UPDATED: Applied = { seq: 1, outcome: 'unaffected', ms: 1, evaluated: 0, updates: [] }

type Step = (hub: EventEmitter<HubEvents>) => void
const connect: Step = (hub) => hub.emit('runner:connect', RUNNER)
const resync: Step = (hub) => hub.emit('runner:resync', RUNNER)
const resume: Step = (hub) => hub.emit('runner:resume', RUNNER)
const applied: Step = (hub) => hub.emit('update:applied', RUNNER, UPDATED)
const lost: Step = (hub) => hub.emit('runner:disconnect', { ...RUNNER, state: 'disconnected' }, 1006)
const left: Step = (hub) => hub.emit('runner:disconnect', { ...RUNNER, state: 'ended' }, 1000)
const letGo: Step = (hub) => hub.emit('runner:disconnect', { ...RUNNER, state: 'ended' }, 1001)

test.each<[string, Step[], string[]]>([
  ['joins', [connect], ['attached from pod']],
  ['joins and leaves', [connect, left], ['attached from pod', 'left']],
  ['comes from a Vite of before, and compares what it holds', [connect, applied, resync], ['attached from pod']],
  [
    'loses its link and gets it back',
    [connect, lost, resume],
    ['attached from pod', 'lost its link', 'is connected again'],
  ],
  [
    'gets it back after messages were lost',
    [connect, lost, resync],
    ['attached from pod', 'lost its link', 'is connected again, compared with the current sources'],
  ],
  [
    'is sent away because the token has changed, and comes back',
    [connect, letGo, connect, resync],
    ['attached from pod', 'lost its link', 'attached from pod'],
  ],
])('of one that %s', async (_, steps, expected) => {
  const hub = new EventEmitter<HubEvents>()
  const lines: string[] = []
  reportAttached(hub, () => ({ info: (line: string) => lines.push(line) }) as unknown as Logger)
  for (const [index, step] of steps.entries()) {
    step(hub)
    // lines that say the same become one; the next step comes later than that
    if (step !== applied) await expect.poll(() => lines.length >= Math.min(index + 1, expected.length)).toBe(true)
  }
  // said behind whatever else there was to say
  hub.emit('runner:connect', { ...RUNNER, id: 'last#1' })
  await expect.poll(() => lines.some((line) => line.includes('last#1'))).toBe(true)
  const said = lines
    .filter((line) => !line.includes('last#1'))
    .map((line) => line.replace(/\x1b\[\d+m/g, '').replace(/^.*mail#1 /, ''))
  expect(said).toEqual(expected)
})

test.each<[string, FlatError, string]>([
  [
    'a compiler, by its first error and where it is',
    {
      name: 'Error',
      message:
        'Transform failed with 1 error:\n\n[PARSE_ERROR] Unterminated string\n   \u256d\u2500[ src/text.ts:1:34 ]',
      ...{ plugin: 'vite:oxc', id: '/app/src/text.ts' },
    },
    '[PARSE_ERROR] Unterminated string (/app/src/text.ts:1:34)',
  ],
  ['the app, by its message', { name: 'TypeError', message: 'x is not a function\nat all' }, 'x is not a function'],
])('a failed update is told in one line: of %s', async (_, error, expected) => {
  const hub = new EventEmitter<HubEvents>()
  const lines: string[] = []
  reportAttached(hub, () => ({ info: (line: string) => lines.push(line) }) as unknown as Logger)
  hub.emit('update:failed', RUNNER, { ...UPDATED, outcome: 'failed', error })
  await expect.poll(() => lines).toHaveLength(1)
  expect(lines[0]).toContain(`, the code from before runs: ${expected}`)
  expect(lines[0]).not.toContain('\n')
})
