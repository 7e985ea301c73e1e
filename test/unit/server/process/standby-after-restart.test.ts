import { expect, test } from 'vitest'
import type { AppProcess } from '../../../../src/server/process/spawn.ts'
import { Standby } from '../../../../src/server/process/standby.ts'
import { FakeClock, settled } from '../../../support/clock.ts'

test('half a second after the first start, and at once after a restart, which is rarely the last one', async () => {
  const clock = new FakeClock()
  const spawned: number[] = []
  const standby = new Standby({
    clock,
    inputs: () => '',
    mayStart: () => true,
    ended() {},
    async spawn() {
      const pid = spawned.push(clock.now() - 1_000)
      return { pid, isAlive: true, exited: new Promise(() => {}), signal() {}, kill() {} } satisfies AppProcess
    },
  })
  for (const time of [500, 500]) {
    await standby.take()
    standby.plan()
    clock.advance(499)
    await settled()
    clock.advance(1)
    await settled()
    expect(spawned.at(-1)).toBe(time)
  }
})
