import { expect, test, vi } from 'vitest'
import type { Limits } from '../../../../src/shared/session/limits.ts'
import { resolveLimits } from '../../../../src/shared/session/limits.ts'
import { Session } from '../../../../src/shared/session/session.ts'
import { FakeClock } from '../../../support/clock.ts'
import { Wire } from '../../../support/wire.ts'

function side(clock: FakeClock, full: 'refuse' | 'resync', limits: Partial<Limits>) {
  const log: unknown[] = []
  const detached = vi.fn()
  const session = new Session({
    clock,
    limits: resolveLimits(limits),
    full,
    deliver: (message) => log.push(message),
    resync: (reason) => log.push(`resync: ${reason}`),
    detached,
    bye: (code, text) => log.push(`bye ${code} ${text}`),
  })
  const send = (message: unknown) => session.send(JSON.stringify(message), { event: true })
  return { session, log, detached, send }
}

/** A runner and a server; `connect` gives them a wire as an opening would. */
function pair(limits: Partial<Limits> = {}) {
  const clock = new FakeClock()
  const runner = side(clock, 'refuse', limits)
  const server = side(clock, 'resync', limits)
  function connect(): Wire {
    const wire = new Wire()
    const [toServer, toRunner] = [runner.session.recv, server.session.recv]
    server.session.attach(wire.server, toServer, 1e9)
    runner.session.attach(wire.runner, toRunner, 1e9)
    return wire
  }
  return { clock, runner, server, connect }
}

const frames = (texts: string[]): string[] => texts.map((text) => JSON.parse(text).t)

test('messages sent before the first link, between links and on one all arrive, in order', () => {
  const { runner, server, connect } = pair()
  runner.send(1)
  connect().flush()
  runner.send(2)
  const wire = connect()
  wire.flush()
  runner.send(3)
  wire.flush()
  expect(server.log).toEqual([1, 2, 3])
})

test('a message that was lost in a cut is written again, one that arrived is not', () => {
  const { runner, server, connect } = pair()
  const first = connect()
  runner.send(1)
  runner.send(2)
  first.server.deliver()
  first.runner.terminate()
  const second = connect()
  second.flush()
  expect(server.log).toEqual([1, 2])
  expect(frames(second.server.received)).toEqual(['msg'])
})

test('an acknowledgement rides on a message where there is one', () => {
  const { clock, runner, server, connect } = pair()
  const wire = connect()
  runner.send(1)
  wire.flush()
  server.send('answer')
  wire.flush()
  expect(runner.session.outbox.size).toBe(0)
  clock.advance(50)
  wire.flush()
  // the answer still has to be acknowledged by itself, message 1 has not
  expect(frames(wire.runner.received)).toEqual(['msg'])
  expect(frames(wire.server.received)).toEqual(['msg', 'ack'])
})

test('a duplicate is dropped and acknowledged', () => {
  const { runner, server, connect } = pair()
  const wire = connect()
  runner.send(1)
  wire.flush()
  wire.server.incoming.push({ frame: wire.server.received[0]! })
  wire.flush()
  expect(server.log).toEqual([1])
  expect(runner.session.outbox.size).toBe(0)
})

test('a gap closes the link with 4400 and is made good on the next one', () => {
  const { runner, server, connect } = pair()
  const wire = connect()
  runner.send(1)
  runner.send(2)
  wire.server.incoming.shift()
  wire.flush()
  expect(server.log).toEqual([])
  expect(server.detached).toHaveBeenCalledWith(
    expect.objectContaining({ code: 4400, text: expect.stringContaining('expected message 1, received message 2') }),
  )
  connect().flush()
  expect(server.log).toEqual([1, 2])
})

test.each([
  ['an acknowledgement of what was never written', '{"t":"ack","a":1}'],
  ['an opening frame', '{"t":"challenge","v":[1],"boot":"abcdefghijklmnopqrstuv","nonce":"abcdefghijklmnopqrstuv"}'],
  ['a resync from a runner', '{"t":"resync","s":1,"a":0,"reason":"x"}'],
  ['a binary frame', undefined],
])('%s closes the link with 4400, and the session goes on', (_what, frame) => {
  const { runner, server, connect } = pair()
  const wire = connect()
  wire.server.incoming.push({ frame: frame as string })
  wire.flush()
  expect(server.detached).toHaveBeenCalledWith(expect.objectContaining({ code: 4400 }))
  runner.send('later')
  connect().flush()
  expect(server.log).toEqual(['later'])
})

test('a message that the layer above refuses is not taken', () => {
  const clock = new FakeClock()
  const session = new Session({
    clock,
    limits: resolveLimits(),
    full: 'resync',
    deliver: () => {
      throw Object.assign(new Error('x'), { name: 'other' })
    },
    resync: () => {},
    detached: () => {},
    bye: () => {},
  })
  const wire = new Wire()
  session.attach(wire.server, 0, 1e9)
  wire.server.incoming.push({ frame: '{"t":"msg","s":1,"a":0,"d":1}' })
  // an error of ours is no fault of the peer's
  expect(() => wire.flush()).toThrow('x')
  expect(session.recv).toBe(0)
})

test('a full outbox of a runner refuses, and takes more once the server has taken some', () => {
  const { runner, server, connect } = pair({ outboxCount: 2 })
  runner.send(1)
  runner.send(2)
  expect(() => runner.send(3)).toThrow(
    expect.objectContaining({ code: 'ERR_BACKPRESSURE', message: expect.stringContaining('is away') }),
  )
  const wire = connect()
  wire.flush()
  server.send('ack')
  wire.flush()
  runner.send(3)
  wire.flush()
  expect(server.log).toEqual([1, 2, 3])
})

test('a full outbox of a server gives way to one resync, however often it overflows, before any later message', () => {
  const { runner, server, connect } = pair({ outboxCount: 3 })
  for (let i = 1; i <= 10; i++) server.send(i)
  // 4 and 8 found no room, each became a resync, and the second took the place of the first
  expect(server.log).toEqual(['resync: overflow', 'resync: overflow'])
  connect().flush()
  expect(runner.log).toEqual(['resync: overflow', 9, 10])
})

test('an outbox that is full by bytes does the same', () => {
  const { runner, server, connect } = pair({ message: 100, outboxBytes: 100 })
  for (let i = 1; i <= 5; i++) server.send(String(i).repeat(30))
  connect().flush()
  expect(runner.log).toEqual(['resync: overflow', '5'.repeat(30)])
})

test('a full outbox on a link that is up only loses what was not written, and the numbers go on', () => {
  const { runner, server, connect } = pair({ outboxCount: 3, buffered: 50 })
  const wire = connect()
  for (let i = 1; i <= 4; i++) server.send(i)
  wire.flush()
  server.send(5)
  wire.flush()
  expect(runner.log).toEqual([1, 2, 'resync: overflow', 5])
  expect(runner.detached).not.toHaveBeenCalled()
})

test('a resync is repeated until it is acknowledged, and heard once', () => {
  const { runner, server, connect } = pair({ outboxCount: 1 })
  server.send(1)
  server.send(2)
  const wire = connect()
  wire.runner.deliver()
  wire.runner.terminate()
  connect().flush()
  expect(runner.log).toEqual(['resync: overflow'])
  expect(server.session.outbox.size).toBe(0)
})

test('a message above the limit of either side is refused before it is numbered', () => {
  const { runner, server } = pair({ message: 100 })
  expect(() => runner.send('x'.repeat(99))).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_LARGE', message: expect.stringContaining('100') }),
  )
  expect(() => runner.send('ä'.repeat(50))).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }))
  runner.send('x'.repeat(98))
  const wire = new Wire()
  server.session.attach(wire.server, 0, 50)
  expect(() => server.send('x'.repeat(60))).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_LARGE', message: expect.stringContaining('50') }),
  )
})

test('no more is written than the socket may hold; one that is larger goes alone', () => {
  const { server, connect } = pair({ buffered: 1_000 })
  const wire = connect()
  server.send('x'.repeat(3_000))
  for (let i = 0; i < 20; i++) server.send('y'.repeat(200))
  expect(wire.runner.incoming).toHaveLength(1)
  wire.runner.deliver()
  const waiting: number[] = []
  do waiting.push(wire.server.buffered)
  while (wire.runner.deliver())
  expect(Math.max(...waiting)).toBeLessThan(1_200)
  expect(wire.runner.received).toHaveLength(21)
})

test('a reader that takes nothing for 30 s while it keeps talking loses the link, not the session', () => {
  const { clock, runner, server, connect } = pair()
  const wire = new Wire()
  server.session.attach(wire.server, 0, 1e9)
  server.send('x')
  for (let s = 0; s < 30; s++) {
    expect(server.detached).not.toHaveBeenCalled()
    wire.server.incoming.push({ frame: '{"t":"pong","n":0}' })
    wire.server.deliver()
    clock.advance(1_000)
  }
  expect(server.detached).toHaveBeenCalledWith(
    expect.objectContaining({ code: 4408, text: expect.stringContaining('30000') }),
  )
  connect().flush()
  expect(runner.log).toEqual(['x'])
})

test('a link that is silent for 15 s is destroyed on both sides, and everything goes on with the next', () => {
  const { clock, runner, server, connect } = pair()
  connect()
  runner.send(1)
  server.send(2)
  clock.advance(15_000)
  expect(runner.detached).toHaveBeenCalledWith(expect.objectContaining({ code: 4408 }))
  expect(server.detached).toHaveBeenCalledWith(expect.objectContaining({ code: 4408 }))
  connect().flush()
  expect([runner.log, server.log]).toEqual([[2], [1]])
})

test('a link over which nothing is sent stays, for an hour and more', () => {
  const { clock, runner, server, connect } = pair()
  const wire = connect()
  for (let s = 0; s < 3_600; s++) {
    clock.advance(1_000)
    wire.flush()
  }
  expect(runner.detached).not.toHaveBeenCalled()
  expect(server.detached).not.toHaveBeenCalled()
  // at most a ping and a pong each way every 5 s
  expect(wire.runner.received.length + wire.server.received.length).toBeLessThanOrEqual(2_880)
})

test('a message is on a link, a newer link takes the session over, the former link delivers it: it is ignored there', () => {
  const { runner, server, connect } = pair()
  const first = connect()
  runner.send(1)
  const second = connect()
  expect(server.detached).toHaveBeenCalledWith(expect.objectContaining({ code: 4409 }))
  first.server.incoming.push({ frame: '{"t":"msg","s":1,"a":0,"d":"false"}' })
  first.flush()
  second.flush()
  expect(server.log).toEqual([1])
})

test('bye ends both sides; 1001 only the side that says it', async () => {
  const one = pair()
  const wire = one.connect()
  const left = one.runner.session.end(1000, 'done')
  wire.flush()
  await left
  expect(one.server.log).toEqual(['bye 1000 done'])
  expect(one.server.detached).not.toHaveBeenCalled()

  const two = pair()
  const away = two.connect()
  void two.server.session.end(1001, 'restart')
  away.flush()
  expect(two.runner.log).toEqual([])
  expect(two.runner.detached).toHaveBeenCalledWith(expect.objectContaining({ code: 1001 }))
})

test('a farewell of any length is understood', () => {
  const { runner, server, connect } = pair()
  const wire = connect()
  void server.session.end(4410, 'ä'.repeat(5_000))
  wire.flush()
  expect(runner.log).toEqual([`bye 4410 ${'ä'.repeat(60)}`])
})

test('a link that ended leaves no timer', () => {
  const { clock, runner, connect } = pair()
  const wire = connect()
  runner.send(1)
  wire.flush()
  wire.runner.terminate()
  wire.flush()
  expect(clock.pending).toBe(0)
})
