/** The numbers of PROTOCOL.md. */

const KiB = 1024
const MiB = 1024 * KiB

/** Bounds and times of sessions: bytes and milliseconds. Each may be changed by an embedder or a test. */
export interface Limits {
  /** Greatest message. @default 16 MiB */
  readonly message: number
  /** Greatest frame that carries no message. @default 64 KiB */
  readonly frame: number
  /** Greatest `hello` frame. @default 4 KiB */
  readonly hello: number
  /** How deep a message may be nested. @default 128 */
  readonly depth: number
  /** Events that may be unacknowledged. @default 1024 */
  readonly outboxCount: number
  /** Their bytes. @default 32 MiB */
  readonly outboxBytes: number
  /** Bytes that may wait in a socket. @default 1 MiB */
  readonly buffered: number
  /** A link whose waiting bytes make no progress for so long is destroyed. @default 30 s */
  readonly stall: number
  /** An acknowledgement waits so long for others to go with it, @default 50 ms */
  readonly ackDelay: number
  /** or until so many messages have come, @default 32 */
  readonly ackCount: number
  /** or so many bytes. @default 256 KiB */
  readonly ackBytes: number
  /** A side that has been silent for so long sends a ping. @default 5 s */
  readonly pingAfter: number
  /** A link on which nothing has come for so long is dead. Greater than `pingAfter`. @default 15 s */
  readonly deadAfter: number
  /** Silence of an app process after which the server asks it whether it is at work, @default 1 s */
  readonly probeAfter: number
  /** and how long it has to answer. @default 5 s */
  readonly answer: number
  /** A timer of ours that is later than this means that we were asleep. @default 2 s */
  readonly late: number
  /** From the connection to the upgrade, and from hello to welcome. @default 5 s */
  readonly handshake: number
  /** From the upgrade to hello. @default 3 s */
  readonly helloWait: number
  /** How long closing waits for the other side. @default 2 s */
  readonly closeWait: number
  /** Calls of one runner in flight. @default 64 */
  readonly calls: number
  /** Calls of one runner that a server works on. @default 256 */
  readonly serving: number
  /** Time for one call, while there is a link. @default 2 min */
  readonly callDeadline: number
  /** Sessions of one address. @default 256 */
  readonly sessions: number
  /** Upgraded links that have not said hello. @default 64 */
  readonly waiting: number
  /** How long a session without a link is kept. @default 10 min */
  readonly expire: number
  /** The shortest time between two attempts to connect, @default 50 ms */
  readonly backoffBase: number
  /** and the longest. @default 2 s */
  readonly backoffCap: number
  /** A link that lives so long sets the backoff back. @default 5 s */
  readonly stable: number
  /** Two protocol errors within this time are one too many. @default 10 s */
  readonly protocolErrors: number
}

/** The defaults. */
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
