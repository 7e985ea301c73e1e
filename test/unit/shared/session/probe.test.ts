import { expect, test } from 'vitest'
import { LIMITS } from '../../../../src/shared/session/limits.ts'
import { createProbe } from '../../../../src/shared/session/probe.ts'
import { FakeClock } from '../../../support/clock.ts'

function probing() {
  const clock = new FakeClock(0)
  const log: string[] = []
  const probe = createProbe({
    clock,
    limits: LIMITS,
    ping: () => log.push(`ping ${clock.now()}`),
    silence: (isSilent) => log.push(`${isSilent ? 'silent' : 'answers'} ${clock.now()}`),
  })
  return { clock, log, probe }
}

test('a side that is silent for 1 s is asked, and has 5 s to answer', () => {
  const { clock, log, probe } = probing()
  clock.advance(20_000)
  expect(log).toEqual(['ping 1000', 'silent 6050'])
  probe.heard()
  expect(log.at(-1)).toBe('answers 20000')
  clock.advance(20_000)
  expect(log.slice(-2)).toEqual(['ping 21000', 'silent 26050'])
})

test('a side that answers is asked once for each time that it is silent, and one that speaks never', () => {
  const { clock, log, probe } = probing()
  for (let i = 0; i < 10; i++) {
    clock.advance(900)
    probe.heard()
  }
  expect(log).toEqual([])
  clock.advance(1000)
  clock.advance(4999)
  probe.heard()
  clock.advance(900)
  expect(log).toEqual(['ping 10000'])
})

test('the answer comes in, the timer fires, the answer is read: it counts', () => {
  const { clock, log, probe } = probing()
  clock.advance(1000)
  clock.advance(5000)
  probe.heard()
  clock.advance(900)
  expect(log).toEqual(['ping 1000'])
})

test('a server that slept itself waits all over again', () => {
  const { clock, log } = probing()
  clock.advance(1000)
  clock.sleep(60_000)
  clock.advance(4999)
  expect(log).toEqual(['ping 1000'])
})

test('stopped, it leaves no timer', () => {
  const { clock, log, probe } = probing()
  clock.advance(6000)
  probe.stop()
  clock.advance(10_000)
  expect(clock.pending).toBe(0)
  expect(log).toEqual(['ping 1000'])
})
