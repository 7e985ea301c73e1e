/** The numbers of PROTOCOL.md. */

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
