import { createSessions, type Sessions } from '../../src/server/sessions/sessions.ts'
import { deriveKeys, type Keys, proveHello, randomId } from '../../src/shared/session/auth.ts'
import type { Limits } from '../../src/shared/session/limits.ts'
import { IGNORE } from '../../src/shared/session/link.ts'
import type { ChallengeFrame, HelloFrame, WelcomeFrame } from '../../src/shared/session/protocol.ts'
import { FakeClock } from './clock.ts'
import { serverFunctions } from './session.ts'
import { Wire } from './wire.ts'

/** The secret that both sides know. */
export const SECRET = 'what both sides know'

/** Sessions without a listener, on a clock of the test. */
export function serve(limits: Partial<Limits> = {}, supervised = false) {
  const clock = new FakeClock()
  const sessions = createSessions({
    secret: SECRET,
    clock,
    limits,
    functions: () => serverFunctions(),
    kind: supervised ? 'supervised' : 'attached',
  })
  return { clock, sessions }
}

/** A runner made of frames, for what a real one never does. */
export class Handmade {
  readonly wire = new Wire()
  readonly frames: { t: string; [member: string]: unknown }[] = []
  closed: number | undefined
  readonly #keys: Keys

  constructor(sessions: Sessions, secret = SECRET) {
    this.#keys = deriveKeys(secret)
    this.wire.runner.handlers = {
      ...IGNORE,
      message: (text) => this.frames.push(JSON.parse(text!)),
      closed: (code) => {
        this.closed = code
      },
    }
    sessions.accept(this.wire.server)
    this.wire.flush()
  }

  get challenge(): ChallengeFrame {
    return this.frames[0] as unknown as ChallengeFrame
  }

  get welcome(): WelcomeFrame | undefined {
    return this.frames.find(({ t }) => t === 'welcome') as unknown as WelcomeFrame
  }

  hello(claims: Partial<HelloFrame> = {}): this {
    const { boot, nonce } = this.challenge
    const hello = { gen: 1, recv: 0, next: randomId(), ...claims }
    const nonces = { boot, challenge: nonce, hello: randomId() }
    const proof = proveHello(this.#keys, nonces, hello)
    const frame = { t: 'hello', v: 1, nonce: nonces.hello, max: 1e6, kind: 'attached', pid: 1, proof, ...hello }
    return this.say(JSON.stringify(frame))
  }

  say(frame: string): this {
    this.wire.runner.send(frame)
    this.wire.flush()
    return this
  }
}
