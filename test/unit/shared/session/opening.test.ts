import { expect, test } from 'vitest'
import { deriveKeys, proveHello, proveWelcome, randomId } from '../../../../src/shared/session/auth.ts'
import { IGNORE } from '../../../../src/shared/session/link.ts'
import type { HelloFrame, WelcomeFrame } from '../../../../src/shared/session/protocol.ts'
import { settled } from '../../../support/clock.ts'
import { Handmade, SECRET, serve } from '../../../support/handmade.ts'
import { MODEL_SECRET, Model } from '../../../support/model.ts'
import { numbered } from '../../../support/session.ts'
import { Wire } from '../../../support/wire.ts'

test('a first hello is welcomed into a new session', () => {
  const { sessions } = serve()
  const next = randomId()
  const runner = new Handmade(sessions).hello({ next })
  expect(runner.welcome).toMatchObject({ sid: next, resumed: false, recv: 0, max: 16 * 1024 * 1024 })
  expect(runner.welcome).not.toHaveProperty('reason')
  expect(sessions.list().map(({ sid }) => sid)).toEqual([next])
})

test('which session a link continues: the one asked for, if it is known', () => {
  const { sessions } = serve()
  const { sid } = new Handmade(sessions).hello().welcome!
  const again = new Handmade(sessions).hello({ sid, gen: 2 })
  expect(again.welcome).toMatchObject({ sid, resumed: true, recv: 0 })
  expect(sessions.list()).toHaveLength(1)
})

test('which session a link continues: a new one, if the server does not know the one asked for', () => {
  const { sessions } = serve()
  const next = randomId()
  const runner = new Handmade(sessions).hello({ sid: randomId(), recv: 7, next })
  expect(runner.welcome).toMatchObject({ sid: next, resumed: false, recv: 0, reason: 'unknown-session' })
})

test('which session a link continues: a new one, if the runner has taken what was never sent; the old one ends', () => {
  const { sessions } = serve()
  const { sid } = new Handmade(sessions).hello().welcome!
  const [old] = sessions.list()
  const next = randomId()
  const again = new Handmade(sessions).hello({ sid, gen: 2, recv: 1, next })
  expect(again.welcome).toMatchObject({ sid: next, resumed: false, reason: 'diverged' })
  expect(old!.state).toBe('ended')
  expect(sessions.list().map(({ sid }) => sid)).toEqual([next])
})

test('which session a link continues: a session is begun, its welcome is lost, the runner says hello again: the same session, under the id that the runner gave it', () => {
  const { sessions } = serve()
  const next = randomId()
  new Handmade(sessions).hello({ next })
  sessions.list()[0]!.rpc.payload(numbered(1))
  const again = new Handmade(sessions).hello({ next, gen: 2 })
  expect(again.welcome).toMatchObject({ sid: next, resumed: false, recv: 0 })
  expect(again.frames.at(-1)).toMatchObject({ t: 'msg', s: 1 })
  expect(sessions.list()).toHaveLength(1)
})

test('which session a link continues: three links say hello for one session: the newest wins, the others are closed with 4409, and what they send later is ignored', () => {
  const { sessions } = serve()
  const first = new Handmade(sessions).hello()
  const { sid } = first.welcome!
  const racers = [2, 4, 3].map((gen) => ({ gen, runner: new Handmade(sessions) }))
  for (const { gen, runner } of racers) runner.hello({ sid, gen })
  for (const runner of [first, ...racers.map(({ runner }) => runner)]) runner.wire.flush()
  expect(racers.map(({ runner }) => runner.closed)).toEqual([4409, undefined, 4409])
  expect(first.closed).toBe(4409)
  for (const runner of [first, racers[0]!.runner, racers[2]!.runner]) {
    runner.wire.server.incoming.push({ frame: '{"t":"bye","code":1000,"text":""}' })
    runner.wire.flush()
  }
  expect(sessions.list()[0]!.state).toBe('connected')
  expect(racers[1]!.runner.welcome).toMatchObject({ sid, resumed: true })
})

test('which session a link continues: a link opens, a newer one takes the session, the hello of the first arrives: the newer one keeps the session', () => {
  const { sessions } = serve()
  const { sid } = new Handmade(sessions).hello().welcome!
  const late = new Handmade(sessions)
  const newer = new Handmade(sessions).hello({ sid, gen: 3 })
  late.hello({ sid, gen: 2 })
  expect([late.closed, newer.closed]).toEqual([4409, undefined])
})

test('how long a session is kept: for an hour on an idle link, and then it is resumed after a cut', async () => {
  const model = new Model()
  await model.heal(1_000)
  await model.opening
  for (let s = 0; s < 3_600; s++) {
    model.clock.advance(1_000)
    model.wire!.flush()
  }
  model.wire!.runner.terminate()
  await model.heal(1_000)
  expect(model.wires).toHaveLength(2)
  expect(model.resyncs).toEqual([])
  expect(model.hosted!.state).toBe('connected')
})

test('how long a session is kept: for ten minutes without a link, if nobody knows whether the runner lives', () => {
  const { clock, sessions } = serve()
  const runner = new Handmade(sessions).hello()
  const [session] = sessions.list()
  const ends: unknown[] = []
  session!.on('end', (...end) => ends.push(end))
  runner.wire.runner.terminate()
  runner.wire.flush()
  clock.advance(599_999)
  expect(session!.state).toBe('disconnected')
  clock.advance(1)
  expect(ends).toEqual([[4410, 'no link for 600000 ms']])
  expect(sessions.list()).toEqual([])
  expect(clock.pending).toBe(0)
})

test('how long a session is kept: for as long as it takes, if the process is known to live', () => {
  const { clock, sessions } = serve({}, true)
  const runner = new Handmade(sessions).hello()
  runner.wire.runner.terminate()
  runner.wire.flush()
  clock.advance(3_600_000)
  expect(sessions.list()[0]!.state).toBe('disconnected')
  const again = new Handmade(sessions).hello({ sid: runner.welcome!.sid, gen: 2 })
  expect(again.welcome).toMatchObject({ resumed: true })
})

test.each([
  ['4401 without the secret', (sessions: never) => new Handmade(sessions, 'another secret').hello(), 4401],
  ['4401 for a claim that was not proved', (sessions: never) => forged(sessions), 4401],
  ['4406 for another version', (sessions: never) => new Handmade(sessions).hello({ v: 2 }), 4406],
  ['4400 for anything but hello', (sessions: never) => new Handmade(sessions).say('{"t":"ping","n":0}'), 4400],
  ['4400 for a welcome', (sessions: never) => new Handmade(sessions).say('{"t":"welcome"}'), 4400],
])('a link is refused with %s', (_what, knock, code) => {
  const { clock, sessions } = serve()
  const runner = knock(sessions as never)
  expect(runner.closed).toBe(code)
  expect(runner.frames.map(({ t }) => t)).toEqual(['challenge'])
  expect(sessions.list()).toEqual([])
  expect(clock.pending).toBe(0)
})

/** Proves one claim and sends another. */
function forged(sessions: never): Handmade {
  const runner = new Handmade(sessions)
  const { boot, nonce } = runner.challenge
  const claims = { gen: 1, recv: 0, next: randomId() }
  const hello = randomId()
  const proof = proveHello(deriveKeys(SECRET), { boot, challenge: nonce, hello }, claims)
  return runner.say(
    JSON.stringify({ t: 'hello', v: 1, nonce: hello, max: 1, kind: 'attached', pid: 1, proof, ...claims, recv: 1 }),
  )
}

test('a link is refused after 3 s without hello, by destroying it', () => {
  const { clock, sessions } = serve()
  const runner = new Handmade(sessions)
  clock.advance(2_999)
  runner.wire.flush()
  expect(runner.closed).toBeUndefined()
  clock.advance(1)
  runner.wire.flush()
  expect(runner.closed).toBe(1006)
  expect(clock.pending).toBe(0)
})

test('a link is refused with 4429 when there are too many sessions', () => {
  const { sessions } = serve({ sessions: 2 })
  const runners = [1, 2, 3].map(() => new Handmade(sessions).hello())
  expect(runners.map(({ closed }) => closed)).toEqual([undefined, undefined, 4429])
})

test('a link is refused when it is the oldest of too many that say nothing, so that new ones still get in', () => {
  const { sessions } = serve({ waiting: 2 })
  const mute = [1, 2, 3].map(() => new Handmade(sessions))
  for (const { wire } of mute) wire.flush()
  expect(mute.map(({ closed }) => closed)).toEqual([1006, undefined, undefined])
  expect(new Handmade(sessions).hello().welcome).toBeDefined()
})

test('a link is refused with 1001 once the server is closing', async () => {
  const { sessions } = serve()
  await sessions.close()
  const wire = new Wire()
  sessions.accept(wire.server)
  expect(wire.runner.incoming).toEqual([{ code: 1001, text: 'the server is closing' }])
})

test('a recorded link that is played back is refused, during and after the live one', () => {
  const { sessions } = serve()
  const live = new Handmade(sessions).hello()
  const recorded = live.wire.server.received
  for (const when of ['during', 'after']) {
    if (when === 'after') live.wire.runner.terminate()
    for (let i = 0; i < 50; i++) {
      const replay = new Handmade(sessions)
      for (const frame of recorded) replay.say(frame)
      expect(replay.closed).toBe(4401)
    }
    live.wire.flush()
  }
  expect(sessions.list()).toHaveLength(1)
})

test.each([
  ['before the challenge arrives', 0, 0],
  ['before hello arrives', 1, 0],
  ['before the welcome arrives', 1, 1],
  ['in the middle of the replay', 3, 1],
])('a cut during the opening leaves one session, and loses nothing: %s', async (_when, toRunner, toServer) => {
  const model = new Model()
  await settled()
  const first = model.admit()!
  for (let i = 0; i < toRunner; i++) {
    first.runner.deliver()
    for (let j = 0; j < toServer; j++) first.server.deliver()
  }
  for (let n = 1; n <= 5; n++) model.hosted?.rpc.payload(numbered(n))
  const sent = model.hosted !== undefined
  first.runner.deliver()
  first.runner.terminate()
  await model.heal()
  expect(model.atServer).toEqual(['session'])
  if (sent) expect(model.atRunner).toEqual([1, 2, 3, 4, 5])
  expect(model.resyncs).toEqual([])
  expect(model.sessions.list()).toHaveLength(1)
})

test('the runner takes nothing from a server that has not proved itself, and stops', async () => {
  const model = new Model()
  await settled()
  const wire = new Wire()
  const id = randomId()
  const dial = model.dials.shift()!
  dial.open(wire.runner)
  const refusal = model.opening.catch((error) => error)
  wire.server.handlers = {
    ...IGNORE,
    message() {
      const welcome = { t: 'welcome', v: 1, sid: id, resumed: false, recv: 0, max: 1, proof: 'x'.repeat(43) }
      wire.server.send(JSON.stringify(welcome))
      wire.server.send(JSON.stringify({ t: 'msg', s: 1, a: 0, d: { t: 'q', m: 'payload', a: [numbered(1)] } }))
    },
  }
  wire.server.send(JSON.stringify({ t: 'challenge', v: [1], boot: id, nonce: id }))
  wire.flush()
  expect(await refusal).toMatchObject({ code: 'ERR_UNAUTHORIZED', message: expect.stringContaining('did not prove') })
  expect(model.atRunner).toEqual([])
  expect(wire.runner.closing).toBe(true)
  expect(model.clock.pending).toBe(0)
})

test('the runner stops at a server of another version, and names both', async () => {
  const model = new Model()
  await settled()
  const wire = new Wire()
  model.dials.shift()!.open(wire.runner)
  wire.server.send(JSON.stringify({ t: 'challenge', v: [2, 3], boot: randomId(), nonce: randomId() }))
  const refusal = model.opening.catch((error) => error)
  wire.flush()
  const error = await refusal
  expect(error).toMatchObject({ code: 'ERR_VERSION', message: expect.stringMatching(/version 1.*2, 3/) })
  expect(model.dials).toEqual([])
  expect(model.clock.pending).toBe(0)
})

test('the runner stops at the second protocol error within ten seconds', async () => {
  const model = new Model()
  await model.heal(1_000)
  for (let i = 0; i < 2; i++) {
    model.wire!.runner.incoming.push({ frame: 'garbage' })
    model.wire!.flush()
    await model.heal(1_000)
  }
  expect(model.ends).toEqual([expect.objectContaining({ code: 'ERR_PROTOCOL' })])
  expect(model.client!.state).toBe('ended')
  expect(model.wires).toHaveLength(2)
})

test('the runner goes on after protocol errors that are further apart', async () => {
  const model = new Model()
  await model.heal(1_000)
  for (let i = 0; i < 3; i++) {
    model.wire!.runner.incoming.push({ frame: 'garbage' })
    model.wire!.flush()
    await model.heal(11_000)
  }
  expect(model.ends).toEqual([])
  expect(model.client!.state).toBe('connected')
})

test('the runner begins a session of its own when another process has taken over its session', async () => {
  const model = new Model()
  await model.heal(1_000)
  const { sid } = model.hosted!
  model.wire!.runner.incoming.push({ code: 4409, text: '' })
  model.wire!.flush()
  await model.heal(1_000)
  expect(model.hosted!.sid).not.toBe(sid)
  expect(model.resyncs).toEqual([{ reason: 'unknown-session', fresh: true, rebooted: false }])
})

/** A server made of frames that knows the secret; says `welcome` with a valid proof. */
function welcomeBy(hand: Wire, change: (frame: Pick<WelcomeFrame, 'sid' | 'resumed' | 'recv'>) => typeof frame): void {
  const boot = randomId()
  const challenge = randomId()
  hand.server.handlers = {
    ...IGNORE,
    message(text) {
      const hello = JSON.parse(text!) as HelloFrame
      if (hello.t !== 'hello') return
      const outcome = change({ sid: hello.next, resumed: false, recv: 0 })
      const nonces = { boot, challenge, hello: hello.nonce }
      const proof = proveWelcome(deriveKeys(MODEL_SECRET), nonces, outcome)
      hand.server.send(JSON.stringify({ t: 'welcome', v: 1, max: 1e6, proof, ...outcome }))
    },
  }
  hand.server.send(JSON.stringify({ t: 'challenge', v: [1], boot, nonce: challenge }))
  hand.flush()
}

test('the runner takes a welcome that proves itself', async () => {
  const model = new Model()
  await settled()
  const wire = new Wire()
  model.dials.shift()!.open(wire.runner)
  welcomeBy(wire, (frame) => frame)
  expect((await model.opening).state).toBe('connected')
})

test.each<[string, Partial<WelcomeFrame>]>([
  ['into a session it does not know', { sid: 'abcdefghijklmnopqrstuv' }],
  ['that resumes what was never begun', { resumed: true }],
  ['that has taken what was never sent', { recv: 5 }],
])('the runner refuses a welcome %s, although it proves itself, and tries again', async (_what, lie) => {
  const model = new Model()
  await settled()
  const wire = new Wire()
  model.dials.shift()!.open(wire.runner)
  welcomeBy(wire, (frame) => ({ ...frame, ...lie }))
  expect(wire.server.incoming).toEqual([])
  expect(wire.runner.closing).toBe(true)
  expect(model.client).toBeUndefined()
  await model.heal(1_000)
  expect(model.client!.state).toBe('connected')
})

test('the runner refuses a resumption that has taken what was never sent, and begins a new session', async () => {
  const model = new Model()
  await model.heal(1_000)
  model.wire!.runner.terminate()
  model.wire!.flush()
  await settled()
  model.clock.advance(50)
  await settled()
  const wire = new Wire()
  model.dials.shift()!.open(wire.runner)
  const { sid } = model.hosted!
  welcomeBy(wire, () => ({ sid, resumed: true, recv: 5 }))
  expect(wire.runner.closing).toBe(true)
  await model.heal(1_000)
  expect(model.client!.state).toBe('connected')
  expect(model.resyncs).toEqual([expect.objectContaining({ fresh: true })])
})

test('the runner gives up when its patience is at an end, and says why', async () => {
  const model = new Model({ patience: 60_000 })
  await model.heal(1_000)
  model.wire!.runner.terminate()
  model.wire!.flush()
  const start = model.clock.now()
  while (model.ends.length === 0) {
    model.refuse()
    model.clock.advance(100)
    await settled()
  }
  expect(model.clock.now() - start).toBeGreaterThanOrEqual(60_000)
  expect(model.clock.now() - start).toBeLessThan(60_500)
  expect(model.ends).toEqual([expect.objectContaining({ code: 'ERR_CONNECT', message: 'nobody listens' })])
})
