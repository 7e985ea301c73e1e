/**
 * The server's secret and the check at the gate: a request without the gate key is refused before the upgrade.
 */
import { randomBytes } from 'node:crypto'
import { deriveKeys, sameText } from '../../shared/session/auth.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'

/** Makes a secret: 32 random bytes as text. */
export const createSecret = (): string => randomBytes(32).toString('base64url')

/** Failed attempts within `WINDOW` milliseconds after which each further one is answered late. */
const FREE_FAILURES = 10
const WINDOW = 60_000
const PENALTY = 1_000

export interface Gate {
  /** `true` if an `Authorization` header carries the gate key. Takes the same time for every wrong one. */
  admits(authorization: string | undefined): boolean
  /** Counts a refusal; returns the milliseconds to wait before answering it, which slows down guessing. */
  penalty(): number
}

/** Makes the gate of one secret. */
export function createGate(secret: string, clock: Clock = systemClock): Gate {
  const expected = `Bearer ${deriveKeys(secret).gate}`
  let failures: number[] = []
  return {
    admits: (authorization) => sameText(authorization ?? '', expected),
    penalty() {
      const now = clock.now()
      failures = [...failures.filter((at) => now - at < WINDOW).slice(-FREE_FAILURES), now]
      return failures.length > FREE_FAILURES ? PENALTY : 0
    },
  }
}
