/**
 * What `connect` gives to the session loop: a way to get one link, and why there is none.
 */
import type { TetherError } from '../../shared/errors.ts'
import type { Link } from '../../shared/session/link.ts'

/** Why an attempt failed. */
export interface Refused {
  error: TetherError
  /** `stop`: trying again is useless. `secret`: useless with this secret. `absent`: useless unless it worked before. `retry`: else. */
  verdict: 'stop' | 'secret' | 'absent' | 'retry'
}

export interface DialEvents {
  /** Called in the tick in which the link comes to be; the callee owns it. */
  open(link: Link): void
  /** Called instead, once. */
  fail(why: Refused): void
}

/** Begins one attempt with a gate key; the returned function gives it up, after which nothing is called. */
export type Dial = (gate: string, events: DialEvents) => () => void
