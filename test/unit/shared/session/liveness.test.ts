import { expect, test, vi } from 'vitest'
import { createAcks } from '../../../../src/shared/session/acks.ts'
import { Backoff } from '../../../../src/shared/session/backoff.ts'
import { createHeartbeat } from '../../../../src/shared/session/heartbeat.ts'
import { LIMITS } from '../../../../src/shared/session/limits.ts'
import { createWatchdog } from '../../../../src/shared/session/watchdog.ts'
import { FakeClock } from '../../../support/clock.ts'
import { seeded } from '../../../support/flaky.ts'

function watch() {
  const clock = new FakeClock()
  const expired = vi.fn()
  return { clock, expired, watchdog: createWatchdog({ clock, ms: 100, late: 20, expired }) }
}

test('a watchdog expires once, exactly when it has not been fed for the time given', () => {
  const { clock, expired, watchdog } = watch()
  clock.advance(60)
  watchdog.feed()
  clock.advance(99)
  expect(expired).not.toHaveBeenCalled()
  clock.advance(1)
  expect(expired).toHaveBeenCalledOnce()
  expect(clock.pending).toBe(0)
})

test('watchdog: a process that slept waits all over again', () => {
  const { clock, expired } = watch()
  clock.sleep(1_000)
  clock.advance(99)
  expect(expired).not.toHaveBeenCalled()
  clock.advance(1)
  expect(expired).toHaveBeenCalledOnce()
})

test('watchdog: a timer that is a little late is no excuse', () => {
  const { clock, expired } = watch()
  clock.sleep(115)
  expect(expired).toHaveBeenCalledOnce()
})

test('watchdog: stopped, it leaves no timer', () => {
  const { clock, expired, watchdog } = watch()
  clock.advance(50)
  watchdog.stop()
  clock.advance(1_000)
  expect(expired).not.toHaveBeenCalled()
  expect(clock.pending).toBe(0)
})

function beat() {
  const clock = new FakeClock()
  const log: string[] = []
  const heartbeat = createHeartbeat({
    clock,
    limits: LIMITS,
    ping: () => {
      log.push(`ping ${clock.now() - 1_000}`)
      heartbeat.sent()
    },
    dead: () => {
      log.push(`dead ${clock.now() - 1_000}`)
      heartbeat.stop()
    },
  })
  return { clock, log, heartbeat }
}

test('heartbeat: a side that says nothing pings every 5 s, and gives up after 15 s without a byte', () => {
  const { clock, log } = beat()
  clock.advance(15_000)
  expect(log).toEqual(['ping 5000', 'ping 10000', 'dead 15000'])
})

test('heartbeat: a side that sends but hears nothing gives up all the same', () => {
  const { clock, log, heartbeat } = beat()
  for (let i = 0; i < 15; i++) {
    clock.advance(1_000)
    heartbeat.sent()
  }
  expect(log).toEqual(['dead 15000'])
})

test('heartbeat: a side that hears but sends nothing keeps telling that it is there', () => {
  const { clock, log, heartbeat } = beat()
  for (let i = 0; i < 20; i++) {
    clock.advance(1_000)
    heartbeat.heard()
  }
  expect(log).toEqual(['ping 5000', 'ping 10000', 'ping 15000', 'ping 20000'])
})

test('heartbeat: timers that jump ten minutes late bring no verdict, but a ping at once', () => {
  const { clock, log } = beat()
  clock.sleep(600_000)
  expect(log).toEqual(['ping 600000'])
  clock.advance(14_999)
  expect(log).not.toContainEqual(expect.stringContaining('dead'))
})

test('heartbeat: stopped, it leaves no timer', () => {
  const { clock, heartbeat } = beat()
  clock.advance(7_000)
  heartbeat.stop()
  expect(clock.pending).toBe(0)
})

function acks() {
  const clock = new FakeClock()
  const send = vi.fn(() => acks.sent())
  const acks = createAcks(clock, { ...LIMITS, ackCount: 3, ackBytes: 100, ackDelay: 50 }, send)
  return { clock, send, acks }
}

test('acknowledgements: one goes out 50 ms after the first message that nothing else acknowledges', () => {
  const { clock, send, acks: box } = acks()
  box.took(1)
  clock.advance(30)
  box.took(1)
  clock.advance(19)
  expect(send).not.toHaveBeenCalled()
  clock.advance(1)
  expect(send).toHaveBeenCalledOnce()
  clock.advance(1_000)
  expect(send).toHaveBeenCalledOnce()
})

test('acknowledgements: one goes out at once after a number of messages, or of bytes', () => {
  const { send, acks: box } = acks()
  box.took(1)
  box.took(1)
  box.took(1)
  expect(send).toHaveBeenCalledTimes(1)
  box.took(100)
  expect(send).toHaveBeenCalledTimes(2)
})

test('acknowledgements: a message that carries one makes the bare one unnecessary', () => {
  const { clock, send, acks: box } = acks()
  box.took(1)
  box.sent()
  clock.advance(1_000)
  expect(send).not.toHaveBeenCalled()
  expect(clock.pending).toBe(0)
})

test('backoff: the first attempt is at once, later ones are spread under a doubling ceiling of 2 s', () => {
  const highest = new Backoff(LIMITS, () => 0.999_999)
  const waits = Array.from({ length: 10 }, () => Math.round(highest.next()))
  expect(waits).toEqual([0, 50, 100, 200, 400, 800, 1600, 2000, 2000, 2000])
})

test('backoff: 1,000 runners do not come back in the same moment', () => {
  const random = seeded(7)
  const buckets = new Map<number, number>()
  for (let i = 0; i < 1_000; i++) {
    const backoff = new Backoff(LIMITS, random)
    const at = Array.from({ length: 8 }, () => backoff.next()).reduce((sum, wait) => sum + wait, 0)
    const bucket = Math.floor(at / 100)
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
  }
  expect(Math.max(...buckets.values())).toBeLessThan(100)
})

test('backoff: lives of one second that move nothing do not start it over, five seconds do', () => {
  const backoff = new Backoff(LIMITS, () => 0.999_999)
  for (let i = 0; i < 8; i++) backoff.next()
  backoff.ended(1_000, false)
  expect(backoff.next()).toBeGreaterThan(1_900)
  backoff.ended(5_000, false)
  expect(backoff.next()).toBe(0)
})

test('backoff: a link that moved a message starts it over, but not at once', () => {
  const backoff = new Backoff(LIMITS, () => 0.5)
  for (let i = 0; i < 8; i++) backoff.next()
  backoff.ended(10, true)
  expect(backoff.next()).toBe(25)
})
