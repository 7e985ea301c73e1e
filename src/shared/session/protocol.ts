/**
 * The words of PROTOCOL.md: frames and close codes. No behaviour.
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
  /** The cause why the session that the runner asked for was not resumed. */
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
