/**
 * One link after the other: when to try, whether to go on trying, and with which secret. Never two attempts at a time.
 */
import { createDebug } from 'obug'
import { TetherError } from '../../shared/errors.ts'
import { deriveKeys } from '../../shared/session/auth.ts'
import { Backoff } from '../../shared/session/backoff.ts'
import type { Limits } from '../../shared/session/limits.ts'
import type { Link } from '../../shared/session/link.ts'
import { type Greeting, greet } from '../../shared/session/opening-runner.ts'
import { CLOSE, FATAL, type WelcomeFrame } from '../../shared/session/protocol.ts'
import type { Detach } from '../../shared/session/session.ts'
import type { Clock } from '../../shared/util/clock.ts'
import type { Dial, Refused } from './dial.ts'

const debug = createDebug('vite-tether:loop')

/** Milliseconds after which a reason lasts: a Vite that restarts in its process refuses for less. */
const LASTING = 1000

export interface LoopOptions {
  clock: Clock
  limits: Limits
  dial: Dial
  /** The server's address in messages. */
  name: string
  secret: string | (() => string | Promise<string>)
  /** Milliseconds to try before the first link, and before every later one. */
  wait: number
  patience: number
  greeting(): Omit<Greeting, 'gen'>
  /** A link is open. Throws `ERR_PROTOCOL` to refuse it. */
  welcomed(link: Link, frame: WelcomeFrame, boot: string): void
  /**
   * Attempts fail for a reason that lasts, and others will follow: there is no server yet for the first link, or one that refuses later
   * ones. Called once for each reason until there is a link again.
   */
  refused(error: TetherError): void
  /** There will be no further link. */
  gaveUp(error: TetherError): void
}

export interface Loop {
  start(): void
  /** The link that was open is gone. */
  lost(why: Detach): void
  stop(): void
}

/** Does nothing until `start`. */
export function createLoop(options: LoopOptions): Loop {
  const { clock, limits, dial, name, wait, patience } = options
  const backoff = new Backoff(limits)
  let gen = 0
  let welcomedOnce = false
  /** Reasons of attempts that have failed since there was a link: when each was first met, for ever ago if it was told. */
  const reasons = new Map<string, number>()
  let stopped = false
  let until = 0
  let violatedAt = Number.NEGATIVE_INFINITY
  let cancel = (): void => {}

  async function attempt(): Promise<void> {
    let secret: string
    try {
      secret = await readSecret()
    } catch (error) {
      return failed({ verdict: 'retry', error: error as TetherError })
    }
    if (stopped) return
    const keys = deriveKeys(secret)
    cancel = dial(keys.gate, {
      fail: (why) => void failed(why, secret),
      open(link) {
        cancel = greet(link, {
          clock,
          limits,
          keys,
          greeting: { ...options.greeting(), gen: ++gen },
          failed: (code, text) => void failed(judge(code, text), secret),
          welcomed: (frame, boot) => welcomed(link, frame, boot),
        })
      },
    })
  }

  function welcomed(link: Link, frame: WelcomeFrame, boot: string): void {
    cancel = () => {}
    try {
      options.welcomed(link, frame, boot)
      welcomedOnce = true
      reasons.clear()
    } catch (error) {
      if (!(error instanceof TetherError) || error.code !== 'ERR_PROTOCOL') throw error
      link.close(CLOSE.PROTOCOL, error.message)
      void failed(judge(CLOSE.PROTOCOL, error.message))
    }
  }

  async function readSecret(): Promise<string> {
    const { secret } = options
    if (typeof secret === 'string') return secret
    try {
      return await secret()
    } catch (cause) {
      throw new TetherError(
        'ERR_UNAUTHORIZED',
        `the token for ${name} could not be read: ${(cause as Error).message}`,
        {
          cause,
        },
      )
    }
  }

  /** Decides by a close code if there is a next attempt. */
  function judge(code: number, text: string): Refused {
    const said = `the link to ${name} was closed with code ${code}${text ? `: ${text}` : ''}`
    const fatal = FATAL.get(code)
    if (fatal) return { verdict: 'stop', error: new TetherError(fatal, said) }
    if (code === CLOSE.UNAUTHORIZED) {
      return { verdict: 'secret', error: new TetherError('ERR_UNAUTHORIZED', `${said}; check the token on both sides`) }
    }
    if (code !== CLOSE.PROTOCOL && code !== CLOSE.INVALID_DATA) {
      return { verdict: 'retry', error: new TetherError('ERR_CONNECT', said) }
    }
    const again = clock.now() - violatedAt < limits.protocolErrors
    violatedAt = clock.now()
    return { verdict: again ? 'stop' : 'retry', error: new TetherError('ERR_PROTOCOL', said) }
  }

  async function failed({ verdict, error }: Refused, used?: string): Promise<void> {
    debug('attempt %d failed (%s): %s', gen, verdict, error.message)
    if (stopped) return
    const mayLearn = verdict === 'secret' && (await canLearnSecret(used))
    if (stopped) return
    const rest = until - clock.now()
    const final = verdict === 'stop' || (verdict === 'secret' && !mayLearn) || (verdict === 'absent' && !welcomedOnce)
    if (final || rest <= 0) {
      stopped = true
      options.gaveUp(error)
    } else {
      // after a lost link an absent server is expected (Vite restarts): only refusals are told
      if (verdict !== 'retry' || !welcomedOnce) tell(error)
      schedule(Math.min(backoff.next(), rest))
    }
  }

  function tell(error: TetherError): void {
    const { message } = error
    const now = clock.now()
    if (!reasons.has(message)) reasons.set(message, now)
    if (now - reasons.get(message)! < LASTING) return
    reasons.set(message, Number.POSITIVE_INFINITY)
    options.refused(error)
  }

  /**
   * A server that was started again has a new secret; the old one is no reason to give up, if there is a way to learn the new.
   * It may take minutes until it is where this side looks for it.
   */
  async function canLearnSecret(used: string | undefined): Promise<boolean> {
    if (typeof options.secret === 'string') return false
    return welcomedOnce || (await hasNewSecret(used))
  }

  function hasNewSecret(used: string | undefined): Promise<boolean> {
    return readSecret().then(
      (secret) => secret !== used,
      () => true,
    )
  }

  function schedule(ms: number): void {
    cancel = clock.after(ms, () => void attempt())
  }

  return {
    start() {
      until = clock.now() + wait
      backoff.next()
      void attempt()
    },
    lost(why) {
      until = clock.now() + patience
      backoff.ended(why.lived, why.moved)
      void failed(judge(why.code, why.text))
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}
