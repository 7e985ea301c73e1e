/** The lines about attempts that fail while others follow. */
import { expect, test } from 'vitest'
import type { Refused } from '../../../../src/client/link/dial.ts'
import { createLoop } from '../../../../src/client/link/reconnect.ts'
import { TetherError } from '../../../../src/shared/errors.ts'
import { resolveLimits } from '../../../../src/shared/session/limits.ts'
import { FakeClock, settled } from '../../../support/clock.ts'

const NOBODY: Refused = { verdict: 'retry', error: new TetherError('ERR_CONNECT', 'nobody is there') }
const RESTARTS: Refused = { verdict: 'retry', error: new TetherError('ERR_CONNECT', 'it restarts') }

/** Attempts of a runner that has never had a link, each of which ends as `answer` says at its time. */
async function attempts(answer: (ms: number) => Refused, ms: number, wait = ms * 2): Promise<string[]> {
  const clock = new FakeClock(0)
  const said: string[] = []
  const loop = createLoop({
    clock,
    limits: resolveLimits({ backoffCap: 200 }),
    dial: (_, { fail }) => {
      queueMicrotask(() => fail(answer(clock.now())))
      return () => {}
    },
    name: 'the server',
    secret: 'secret',
    wait,
    patience: 0,
    greeting: () => ({ recv: 0, next: '', kind: 'attached', max: 0, pid: 1 }) as never,
    welcomed() {},
    refused: ({ message }) =>
      said.push(`${message} at ${clock.now()}`.replace(/\d+$/, (at) => `${Math.floor(Number(at) / 1000)} s`)),
    gaveUp: ({ message }) => said.push(`gave up: ${message}`),
  })
  loop.start()
  for (let now = 0; now < ms; now += 50) {
    await settled()
    clock.advance(50)
  }
  await settled()
  loop.stop()
  return said
}

test('why there is no server yet is said once, when it has been so for a second', async () => {
  expect(await attempts(() => NOBODY, 800)).toEqual([])
  expect(await attempts(() => NOBODY, 10_000)).toEqual(['nobody is there at 1 s'])
})

test('another reason is said too, and each once', async () => {
  const said = await attempts((ms) => (ms % 3000 < 1500 ? NOBODY : RESTARTS), 12_000)
  expect(said).toEqual([expect.stringContaining('nobody is there'), expect.stringContaining('it restarts')])
})

test('a reason that passes within a second is not said', async () => {
  expect(await attempts((ms) => (ms < 300 ? RESTARTS : NOBODY), 5000)).toEqual([
    expect.stringContaining('nobody is there'),
  ])
})

test('one that ends the attempts is said by that alone', async () => {
  const stop: Refused = { verdict: 'stop', error: new TetherError('ERR_VERSION', 'too new') }
  expect(await attempts(() => stop, 5000)).toEqual(['gave up: too new'])
})
