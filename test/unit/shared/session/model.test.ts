import { expect, test } from 'vitest'
import { settled } from '../../../support/clock.ts'
import { type Random, repeatable, seeded, seeds } from '../../../support/flaky.ts'
import { Model } from '../../../support/model.ts'
import { numbered } from '../../../support/session.ts'

const FILE = 'test/unit/shared/session/model.test.ts'
const STEPS = 200
const LIMITS = { outboxCount: 40, buffered: 600, ackCount: 5 }

interface Sent {
  toServer: number
  toRunner: number
  calls: number
}

type Weights = Record<
  'hot' | 'payload' | 'call' | 'toServer' | 'toRunner' | 'cut' | 'half' | 'again' | 'time' | 'admit' | 'refuse',
  number
>

const FAULTS: Weights = {
  hot: 6,
  payload: 6,
  call: 2,
  toServer: 10,
  toRunner: 10,
  cut: 2,
  half: 1,
  again: 1,
  time: 4,
  admit: 6,
  refuse: 1,
}

/** One random step. */
function step(model: Model, random: Random, sent: Sent, weights: Weights): void {
  const { wire } = model
  switch (random.pick(weights)) {
    case 'hot':
      if (model.client)
        attempt(
          () => model.client!.rpc.hot(numbered(sent.toServer + 1)),
          () => sent.toServer++,
        )
      break
    case 'payload':
      if (model.hosted?.state !== 'ended') model.hosted?.rpc.payload(numbered(++sent.toRunner))
      break
    case 'call':
      if (model.client) model.call(String(++sent.calls))
      break
    case 'toServer':
      for (let n = random.below(8); n >= 0; n--) wire?.server.deliver()
      break
    case 'toRunner':
      for (let n = random.below(8); n >= 0; n--) wire?.runner.deliver()
      break
    case 'cut':
      for (const end of wire && !wire.server.closing ? [wire.server, wire.runner] : [])
        end.break(random.below(end.incoming.length + 1))
      break
    case 'half': {
      // one side hears of it, the other is left with a link that never says anything again
      const end = wire && !wire.server.closing && random.chance(0.5) ? wire.server : wire?.runner
      if (end && !end.closing) {
        end.break(random.below(end.incoming.length + 1))
        end.other.closing = true
      }
      break
    }
    case 'again': {
      // a frame that was numbered and delivered comes again
      const end = random.chance(0.5) ? wire?.server : wire?.runner
      const frame = end?.received.filter((text) => text.startsWith('{"t":"msg"')).at(-1)
      if (end && frame && !end.closing) end.incoming.unshift({ frame })
      break
    }
    case 'time':
      if (random.chance(0.1)) model.clock.advance(random.below(20_000))
      else model.clock.advance(random.below(200))
      break
    case 'admit':
      model.admit()
      break
    case 'refuse':
      model.refuse()
      break
  }
}

function attempt(send: () => void, sent: () => void): void {
  try {
    send()
    sent()
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_BACKPRESSURE') throw error
  }
}

test('under 2,000 seeds of random faults every message is processed once and in order, or a resync is heard', async () => {
  for (const seed of seeds(2000)) {
    await repeatable(seed, FILE, async () => {
      const random = seeded(seed)
      // a third of the seeds meet overflows, the others never
      const model = new Model({ limits: seed % 3 === 0 ? LIMITS : { ...LIMITS, outboxCount: 1024 } })
      const sent: Sent = { toServer: 0, toRunner: 0, calls: 0 }
      for (let i = 0; i < STEPS; i++) {
        step(model, random, sent, FAULTS)
        await settled()
      }
      await model.heal()
      expect(model.atServer.filter((entry) => entry !== 'session')).toEqual(count(sent.toServer))
      expect(model.atServer.filter((entry) => entry === 'session').length).toBeLessThanOrEqual(1)
      if (seed % 3 !== 0) expect(model.resyncs).toEqual([])
      expectGapsOnlyAfterResyncs(model.atRunner, sent.toRunner)
      expectAnswers(model, sent)
      if (model.resyncs.length === 0) expect(model.entered).toHaveLength(sent.calls)
      expect(model.ends).toEqual([])
      expect(model.sessions.list()).toHaveLength(1)
      await model.leave()
    })
  }
}, 120_000)

test('under 500 seeds with servers that are killed every session begins with a resync and custom events are not lost', async () => {
  for (const seed of seeds(500)) {
    await repeatable(seed, FILE, async () => {
      const random = seeded(seed)
      const model = new Model({ limits: { ...LIMITS, outboxCount: 1024 } })
      const sent: Sent = { toServer: 0, toRunner: 0, calls: 0 }
      for (let i = 0; i < STEPS; i++) {
        if (random.chance(0.01)) model.startServer()
        else step(model, random, sent, FAULTS)
        await settled()
      }
      await model.heal()
      expectNoGaps(model.atServer, sent.toServer)
      expectAnswers(model, sent)
      expectGapsOnlyAfterResyncs(model.atRunner, undefined)
      expect(model.resyncs.every(({ fresh, rebooted }) => fresh && rebooted)).toBe(true)
      expect(model.ends).toEqual([])
      await model.leave()
    })
  }
}, 120_000)

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

/** Every call was answered once, with its own answer. */
function expectAnswers(model: Model, { calls }: Sent): void {
  expect(model.answered.map(Number).toSorted((a, b) => a - b)).toEqual(count(calls))
}

/** Numbers grow; one that is left out has a resync before the next. */
function expectGapsOnlyAfterResyncs(entries: (number | 'resync')[], last: number | undefined): void {
  let previous = 0
  // what was sent to a runner that a killed server never welcomed is nobody's loss
  let excused = last === undefined
  for (const entry of entries) {
    if (entry === 'resync') {
      excused = true
      continue
    }
    expect(entry, `after ${previous}`).toBeGreaterThan(previous)
    if (!excused) expect(entry, `after ${previous} without a resync`).toBe(previous + 1)
    previous = entry
    excused = false
  }
  if (last !== undefined && !excused) expect(previous).toBe(last)
}

/** Within a session numbers grow by one; a new session may repeat some, but leaves none out. */
function expectNoGaps(entries: (number | 'session')[], last: number): void {
  let greatest = 0
  let previous: number | undefined
  for (const entry of entries) {
    if (entry === 'session') {
      previous = undefined
      continue
    }
    if (previous !== undefined) expect(entry, `after ${previous} in one session`).toBe(previous + 1)
    expect(entry).toBeLessThanOrEqual(greatest + 1)
    previous = entry
    greatest = Math.max(greatest, entry)
  }
  expect(greatest).toBe(last)
}
