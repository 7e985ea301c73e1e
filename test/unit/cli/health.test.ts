import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { serveHealth } from '../../../src/cli/health.ts'
import type { TetherRunner } from '../../../src/client/runner-types.ts'
import { freePort } from '../../support/child.ts'

test.each([
  ['resume', 200],
  ['resync', 200],
  [undefined, 503],
] as const)('a runner that is linked again is ready with the event %s: %d', async (event, expected) => {
  const port = await freePort()
  const health = await serveHealth({ host: '127.0.0.1', port })
  const ready = async () => (await fetch(`http://127.0.0.1:${port}/ready`)).status
  const runner = Object.assign(new EventEmitter(), { state: 'connected' })
  health.started(runner as unknown as TetherRunner)
  expect(await ready()).toBe(200)
  runner.state = 'disconnected'
  runner.emit('disconnect')
  expect(await ready()).toBe(503)
  // the comparison is under way, or has failed
  runner.state = 'connected'
  expect(await ready()).toBe(503)
  if (event) runner.emit(event)
  expect(await ready()).toBe(expected)
})
