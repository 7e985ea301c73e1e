/** The numbers of PROTOCOL.md. */

const KiB = 1024
const MiB = 1024 * KiB

/**
 * Bounds and times of sessions, in bytes and milliseconds. All must be positive; `deadAfter` must be greater than `pingAfter`, and
 * `message` at most `outboxBytes`.
 */
export interface Limits {
  /** Greatest message that this side sends or takes, in bytes. @default 16 MiB */
  readonly message: number
  /** Greatest frame that carries no message, in bytes. @default 64 KiB */
  readonly frame: number
  /** Greatest `hello` frame, in bytes. @default 4 KiB */
  readonly hello: number
  /** Greatest depth of objects and arrays in a message. @default 128 */
  readonly depth: number
  /** Greatest number of events that the other side has not acknowledged. @default 1024 */
  readonly outboxCount: number
  /** Greatest number of bytes of such events. @default 32 MiB */
  readonly outboxBytes: number
  /** Greatest number of bytes that wait in a socket; later messages wait in the outbox. @default 1 MiB */
  readonly buffered: number
  /** A link is destroyed if bytes wait in its socket and none leaves for this time. @default 30 s */
  readonly stall: number
  /** Longest time until a message is acknowledged. @default 50 ms */
  readonly ackDelay: number
  /** A side acknowledges at once when it has taken this many messages. @default 32 */
  readonly ackCount: number
  /** A side acknowledges at once when it has taken this many bytes. @default 256 KiB */
  readonly ackBytes: number
  /** A side sends a ping when it has sent nothing for this time. @default 5 s */
  readonly pingAfter: number
  /** A link on which nothing has come for this time is destroyed. @default 15 s */
  readonly deadAfter: number
  /** The server sends a ping to an app process that has sent nothing for this time. @default 1 s */
  readonly probeAfter: number
  /** An app process that sends nothing for this time after that ping is said not to answer. @default 5 s */
  readonly answer: number
  /** If a timer fires later than this, its process was asleep, and no verdict is passed on the other side. @default 2 s */
  readonly late: number
  /** Longest time from the connection to the upgrade, and from `hello` to `welcome`. @default 5 s */
  readonly handshake: number
  /** Longest time from the upgrade to `hello`. @default 3 s */
  readonly helloWait: number
  /** Longest time that closing a link waits for the other side. @default 2 s */
  readonly closeWait: number
  /** Greatest number of calls that one runner has in flight; later ones wait. @default 64 */
  readonly calls: number
  /** Greatest number of calls of one runner that a server works on; it refuses others. @default 256 */
  readonly serving: number
  /** Longest time for one call, counted while there is a link. @default 2 min */
  readonly callDeadline: number
  /** Greatest number of sessions at one address of the server. @default 256 */
  readonly sessions: number
  /** Greatest number of upgraded links that have not sent `hello`. @default 64 */
  readonly waiting: number
  /** The server forgets a session that has had no link for this time. @default 10 min */
  readonly expire: number
  /** First ceiling of the random delay between two attempts to connect; each attempt doubles it. @default 50 ms */
  readonly backoffBase: number
  /** Greatest ceiling of that delay. @default 2 s */
  readonly backoffCap: number
  /** A link that lives for this time starts the delays over. @default 5 s */
  readonly stable: number
  /** A runner gives up at the second protocol error within this time. @default 10 s */
  readonly protocolErrors: number
}

/** The default limits. */
export const LIMITS: Limits = {
  message: 16 * MiB,
  frame: 64 * KiB,
  hello: 4 * KiB,
  depth: 128,
  outboxCount: 1024,
  outboxBytes: 32 * MiB,
  buffered: MiB,
  stall: 30_000,
  ackDelay: 50,
  ackCount: 32,
  ackBytes: 256 * KiB,
  pingAfter: 5_000,
  deadAfter: 15_000,
  probeAfter: 1_000,
  answer: 5_000,
  late: 2_000,
  handshake: 5_000,
  helloWait: 3_000,
  closeWait: 2_000,
  calls: 64,
  serving: 256,
  callDeadline: 120_000,
  sessions: 256,
  waiting: 64,
  expire: 600_000,
  backoffBase: 50,
  backoffCap: 2_000,
  stable: 5_000,
  protocolErrors: 10_000,
}

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
