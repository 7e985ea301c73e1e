/** Runners that are gone without a word: their sessions are kept as long as there is room, and keep nobody out. */
import { expect, test } from 'vitest'
import { randomId } from '../../../../src/shared/session/auth.ts'
import { Handmade, serve } from '../../../support/handmade.ts'

/** A runner that gets in. */
function join(sessions: ReturnType<typeof serve>['sessions']): Handmade {
  const runner = new Handmade(sessions).hello()
  expect(runner.closed).toBe(undefined)
  return runner
}

/** The process of a runner is killed: its system closes the connection, and nobody says bye. */
function kill(runner: Handmade): void {
  runner.wire.runner.terminate()
  runner.wire.flush()
}

test('1,000 runners that died without a word, then 50 honest ones: all are in at once', () => {
  const { sessions } = serve()
  for (let n = 0; n < 1000; n++) kill(join(sessions))
  expect(sessions.list()).toHaveLength(256)
  const honest = Array.from({ length: 50 }, () => join(sessions))
  expect(honest.map(({ closed }) => closed)).toEqual(honest.map(() => undefined))
  expect(sessions.list().filter(({ state }) => state === 'connected')).toHaveLength(50)
})

test('the place is that of whom nobody has heard of for the longest time; who is connected keeps his', () => {
  const { sessions } = serve({ sessions: 3 })
  const next = [randomId(), randomId(), randomId()]
  const [first, second, third] = next.map((each) => new Handmade(sessions).hello({ next: each }))
  kill(second!)
  kill(first!)
  join(sessions)
  expect(
    sessions
      .list()
      .map(({ sid }) => sid)
      .slice(0, 2),
  ).toEqual([next[0], next[2]])

  // the first one comes back in time, and is then nobody's to forget
  const back = new Handmade(sessions).hello({ sid: next[0]!, gen: 2 })
  expect(back.welcome).toMatchObject({ sid: next[0], resumed: true })
  expect(new Handmade(sessions).hello().closed).toBe(4429)
  expect([back.closed, third!.closed]).toEqual([undefined, undefined])
})

test('who comes back to a place that was given away begins a new session', () => {
  const { sessions } = serve({ sessions: 1 })
  const sid = randomId()
  kill(new Handmade(sessions).hello({ next: sid }))
  kill(join(sessions))
  const back = new Handmade(sessions).hello({ sid, gen: 2, recv: 3 })
  expect(back.welcome).toMatchObject({ resumed: false, reason: 'unknown-session' })
})

test('supervised runners, which are known to live, keep their places', () => {
  const { sessions } = serve({ sessions: 1 }, true)
  kill(new Handmade(sessions).hello({ kind: 'supervised' }))
  expect(new Handmade(sessions).hello({ kind: 'supervised' }).closed).toBe(4429)
})
