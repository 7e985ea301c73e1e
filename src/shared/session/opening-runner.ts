/**
 * The runner's half of opening a link: challenge, hello, welcome (PROTOCOL.md section 4).
 */

import { TetherError } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { type Keys, type Nonces, proveHello, proveWelcome, randomId, sameText } from './auth.ts'
import { decodeOpening, encode } from './codec.ts'
import type { Limits } from './limits.ts'
import { IGNORE, type Link } from './link.ts'
import { CLOSE, type Kind, VERSION, type WelcomeFrame } from './protocol.ts'

/** The members of `hello` that the session knows (PROTOCOL.md section 3). */
export interface Greeting {
  gen: number
  sid?: string
  recv: number
  next: string
  kind: Kind
}

export interface GreetOptions {
  clock: Clock
  limits: Limits
  keys: Keys
  greeting: Greeting
  /** The server has proved that it knows the secret. Called in the tick of the welcome; the callee owns the link from then on. */
  welcomed(frame: WelcomeFrame, boot: string): void
  /** The opening failed. The link is closed or closing. */
  failed(code: number, text: string): void
}

/** Opens a link, and owns it until it is open. Returns a function that gives it up; `failed` is not called then. */
export function greet(link: Link, { clock, limits, keys, greeting, welcomed, failed }: GreetOptions): () => void {
  let nonces: Nonces | undefined
  const cancel = clock.after(limits.handshake, () => {
    leave()
    link.terminate()
    failed(
      CLOSE.TIMEOUT,
      `the server did not ${nonces ? 'welcome' : 'challenge'} the runner within ${limits.handshake} ms`,
    )
  })

  function leave(): void {
    cancel()
    link.handlers = IGNORE
  }

  function refuse(code: number, text: string): void {
    leave()
    link.close(code, text)
    failed(code, text)
  }

  function hello(text: string | undefined): void {
    const { v, boot, nonce: challenge } = decodeOpening(text, 'challenge', limits)
    if (!v.includes(VERSION)) {
      refuse(CLOSE.VERSION, `the runner speaks version ${VERSION}, the server ${v.join(', ')}`)
      return
    }
    nonces = { boot, challenge, hello: randomId() }
    const proof = proveHello(keys, nonces, greeting)
    const rest = { max: limits.message, pid: process.pid, proof }
    link.send(encode({ t: 'hello', v: VERSION, nonce: nonces.hello, ...greeting, ...rest }))
  }

  function welcome(text: string | undefined, given: Nonces): void {
    const frame = decodeOpening(text, 'welcome', limits)
    if (!sameText(frame.proof, proveWelcome(keys, given, frame))) {
      leave()
      link.terminate()
      failed(CLOSE.UNAUTHORIZED, 'the server did not prove that it knows the token')
      return
    }
    leave()
    welcomed(frame, given.boot)
  }

  link.handlers = {
    ...IGNORE,
    closed(code, text) {
      leave()
      failed(code, text)
    },
    message(text) {
      try {
        if (nonces) welcome(text, nonces)
        else hello(text)
      } catch (error) {
        if (!(error instanceof TetherError) || error.code !== 'ERR_PROTOCOL') throw error
        refuse(CLOSE.PROTOCOL, error.message)
      }
    },
  }
  return () => {
    leave()
    link.terminate()
  }
}
