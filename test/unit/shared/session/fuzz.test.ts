import { expect, test } from 'vitest'
import { settled } from '../../../support/clock.ts'
import { repeatable, seeded } from '../../../support/flaky.ts'
import { fuzzed } from '../../../support/fuzz.ts'
import { Handmade, serve } from '../../../support/handmade.ts'
import { numbered } from '../../../support/session.ts'

const COUNT = process.env.TETHER_FAULTS === 'all' ? 50_000 : 10_000
const FILE = 'test/unit/shared/session/fuzz.test.ts'

/** The text that a socket makes of a frame: binary ones have no text, and of text that is no UTF-8 nothing is heard. */
const asText = (frame: string | Buffer): string => (typeof frame === 'string' ? frame : (undefined as never))

test.each(['before hello', 'on an open link'])(
  '%s, fuzzed frames end their link with 4400 and nothing else',
  async (state) => {
    const seed = Number(process.env.SEED ?? 19)
    await repeatable(seed, FILE, async () => {
      const random = seeded(seed)
      const { clock, sessions } = serve({ sessions: 10 })
      const good = new Handmade(sessions).hello()
      const [session] = sessions.list()
      const timers = clock.pending
      for (let i = 0; i < COUNT; i++) {
        const frame = asText(fuzzed(random))
        const runner = new Handmade(sessions)
        if (state === 'on an open link') runner.hello()
        runner.say(frame)
        // a frame that happens to be allowed does nothing; it is the next one that ends the link
        if (runner.closed === undefined) runner.say('{}')
        expect(runner.closed, `frame ${i}: ${String(frame).slice(0, 200)}`).toBeOneOf([4400, 1000])
        const [, left] = sessions.list()
        await left?.close()
        if (i % 100 === 0) await settled()
      }
      session!.rpc.payload(numbered(1))
      good.wire.flush()
      expect(good.frames.at(-1)).toMatchObject({ t: 'msg', d: { m: 'payload' } })
      expect(session!.state).toBe('connected')
      expect(clock.pending).toBe(timers)
      expect(Object.prototype).not.toHaveProperty('s')
    })
  },
  60_000,
)
