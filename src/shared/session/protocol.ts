/**
 * The words of PROTOCOL.md: frames, close codes and limits. No behaviour.
 */
import type { ErrorCode } from '../errors.ts'

/** The version of the protocol that this code speaks. */
export const VERSION = 1
/** The WebSocket subprotocol of that version. */
export const SUBPROTOCOL = `tether.v${VERSION}`

export type Kind = 'supervised' | 'attached'

export interface ChallengeFrame {
  t: 'challenge'
  /** Versions the server speaks. */
  v: number[]
  /** Names the server process. */
  boot: string
  nonce: string
}

export interface HelloFrame {
  t: 'hello'
  v: number
  nonce: string
  /** Counts the runner's opening attempts. */
  gen: number
  /** The session to resume, once the server has welcomed it. */
  sid?: string
  /** Number of the last message taken in that session. */
  recv: number
  /** Names the session if a new one is needed. */
  next: string
  /** Greatest message, in bytes, that the runner takes. */
  max: number
  kind: Kind
  pid: number
  proof: string
}

export interface WelcomeFrame {
  t: 'welcome'
  v: number
  sid: string
  resumed: boolean
  recv: number
  max: number
  /** Why the session the runner asked for was not resumed. */
  reason?: string
  proof: string
}

export interface MsgFrame {
  t: 'msg'
  s: number
  a: number
  d: unknown
}

export interface AckFrame {
  t: 'ack'
  a: number
}

export interface PingFrame {
  t: 'ping' | 'pong'
  n: number
}

export interface ResyncFrame {
  t: 'resync'
  s: number
  a: number
  reason: string
}

export interface ByeFrame {
  t: 'bye'
  code: number
  text: string
}

/** Frames that open a link. */
export type OpeningFrame = ChallengeFrame | HelloFrame | WelcomeFrame
/** Frames of an open link. */
export type LiveFrame = MsgFrame | AckFrame | PingFrame | ResyncFrame | ByeFrame
/** Every frame there is. */
export type Frame = OpeningFrame | LiveFrame

/** Close codes of our own, and those of WebSocket that have a meaning here. */
export const CLOSE = {
  NORMAL: 1000,
  AWAY: 1001,
  BROKEN: 1006,
  INVALID_DATA: 1007,
  TOO_BIG: 1009,
  PROTOCOL: 4400,
  UNAUTHORIZED: 4401,
  FORBIDDEN: 4403,
  VERSION: 4406,
  TIMEOUT: 4408,
  SUPERSEDED: 4409,
  ENDED: 4410,
  TOO_LARGE: 4413,
  TOO_MANY: 4429,
} as const

/** Codes after which a runner never tries again, with the error that it ends with. 4400 and 4401 have conditions of their own. */
export const FATAL: ReadonlyMap<number, ErrorCode> = new Map([
  [CLOSE.NORMAL, 'ERR_CLOSED'],
  [CLOSE.TOO_BIG, 'ERR_TOO_LARGE'],
  [CLOSE.FORBIDDEN, 'ERR_FORBIDDEN'],
  [CLOSE.VERSION, 'ERR_VERSION'],
  [CLOSE.ENDED, 'ERR_CLOSED'],
  [CLOSE.TOO_LARGE, 'ERR_TOO_LARGE'],
])

const KiB = 1024
const MiB = 1024 * KiB

/** Every constant of the protocol: times in milliseconds, sizes in bytes. */
export const LIMITS = {
  /** Greatest message. */
  message: 16 * MiB,
  /** Greatest frame that carries no message. */
  frame: 64 * KiB,
  hello: 4 * KiB,
  /** How deep a message may be nested. */
  depth: 128,
  /** Unacknowledged events, and their bytes. */
  outboxCount: 1024,
  outboxBytes: 32 * MiB,
  /** What may wait in a socket. */
  buffered: MiB,
  /** A link whose waiting bytes make no progress for so long is destroyed. */
  stall: 30_000,
  ackDelay: 50,
  ackCount: 32,
  ackBytes: 256 * KiB,
  pingAfter: 5_000,
  deadAfter: 15_000,
  /** A timer of ours that is later than this means that we were asleep. */
  late: 2_000,
  /** From the connection to the upgrade, and from hello to welcome. */
  handshake: 5_000,
  /** From the upgrade to hello. */
  helloWait: 3_000,
  /** How long closing waits for the other side. */
  closeWait: 2_000,
  /** Calls of one runner in flight. */
  calls: 64,
  /** Calls of one runner that a server works on. */
  serving: 256,
  /** Time for one call, while there is a link. */
  callDeadline: 120_000,
  sessions: 256,
  /** Upgraded links that have not said hello. */
  waiting: 64,
  /** How long a session without a link is kept. */
  expire: 600_000,
  backoffBase: 50,
  backoffCap: 2_000,
  /** A link that lives so long sets the backoff back. */
  stable: 5_000,
  /** Two protocol errors within this time are one too many. */
  protocolErrors: 10_000,
} as const satisfies Record<string, number>

/** Limits, each of which an embedder or a test may change. */
export type Limits = { readonly [K in keyof typeof LIMITS]: number }

/** Completes partial limits. Throws a `RangeError` naming the first that is not a positive number or contradicts another. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits: Limits = { ...LIMITS, ...given }
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0)) throw new RangeError(`limits.${name} must be a positive number, received ${String(value)}`)
  }
  if (limits.deadAfter <= limits.pingAfter) {
    throw new RangeError(
      `limits.deadAfter (${limits.deadAfter}) must be greater than limits.pingAfter (${limits.pingAfter})`,
    )
  }
  if (limits.message > limits.outboxBytes) {
    throw new RangeError(
      `limits.message (${limits.message}) must not be greater than limits.outboxBytes (${limits.outboxBytes})`,
    )
  }
  return limits
}
