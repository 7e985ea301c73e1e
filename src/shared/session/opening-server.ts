/**
 * The server's half of opening a link: challenge, hello, welcome (PROTOCOL.md section 4).
 */

import { TetherError } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { type Keys, type Nonces, proveHello, proveWelcome, randomId, sameText } from './auth.ts'
import { decodeOpening, encode } from './codec.ts'
import type { Limits } from './limits.ts'
import { IGNORE, type Link } from './link.ts'
import { CLOSE, type HelloFrame, VERSION } from './protocol.ts'

/** The server's answer to a `hello` whose proof is right: welcome it to a session, or close the link. */
export type Decision =
  | { sid: string; resumed: boolean; recv: number; reason?: string; attach(): void }
  | { close: number; text: string }

export interface ChallengeOptions {
  clock: Clock
  limits: Limits
  keys: Keys
  boot: string
  decide(hello: HelloFrame): Decision
  /** The opening is over: the link is open, refused or gone. */
  over(): void
}

/** Opens a link that a runner has made, and owns it until it is open. */
export function challenge(link: Link, options: ChallengeOptions): void {
  const { clock, limits, keys, boot, decide, over } = options
  const nonce = randomId()
  const cancel = clock.after(limits.helloWait, () => {
    leave()
    // no polite close: a peer that has not sent `hello` in time would hardly answer that either
    link.terminate()
  })

  function leave(): void {
    cancel()
    link.handlers = IGNORE
    over()
  }

  function refuse(code: number, text: string): void {
    leave()
    link.close(code, text)
  }

  link.handlers = {
    ...IGNORE,
    closed: leave,
    message(text) {
      try {
        answer(decodeOpening(text, 'hello', limits))
      } catch (error) {
        if (!(error instanceof TetherError) || error.code !== 'ERR_PROTOCOL') throw error
        refuse(CLOSE.PROTOCOL, error.message)
      }
    },
  }

  function answer(hello: HelloFrame): void {
    const decision = examine(hello)
    if ('close' in decision) {
      refuse(decision.close, decision.text)
      return
    }
    leave()
    const { attach, ...outcome } = decision
    const proof = proveWelcome(keys, { boot, challenge: nonce, hello: hello.nonce }, outcome)
    link.send(encode({ t: 'welcome', v: VERSION, ...outcome, max: limits.message, proof }))
    attach()
  }

  function examine(hello: HelloFrame): Decision {
    if (hello.v !== VERSION) {
      return { close: CLOSE.VERSION, text: `the server speaks version ${VERSION}, the runner ${hello.v}` }
    }
    const nonces: Nonces = { boot, challenge: nonce, hello: hello.nonce }
    if (!sameText(hello.proof, proveHello(keys, nonces, hello))) {
      return { close: CLOSE.UNAUTHORIZED, text: 'proof refused' }
    }
    return decide(hello)
  }

  link.send(encode({ t: 'challenge', v: [VERSION], boot, nonce }))
}
