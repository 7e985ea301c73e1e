/**
 * Decides when a bare acknowledgement is due, because no message goes the other way that could carry it: after a delay, a count
 * of messages or a number of bytes, whichever comes first.
 */
import type { Clock } from '../util/clock.ts'
import type { Limits } from './limits.ts'

export interface Acks {
  /** A message of `bytes` was taken. */
  took(bytes: number): void
  /** An acknowledgement left, alone or on a message. */
  sent(): void
  stop(): void
}

/** Calls `send` when a bare acknowledgement is due. */
export function createAcks(clock: Clock, limits: Limits, send: () => void): Acks {
  let count = 0
  let bytes = 0
  let cancel: (() => void) | undefined
  function sent() {
    count = 0
    bytes = 0
    cancel?.()
    cancel = undefined
  }
  return {
    took(size) {
      count++
      bytes += size
      if (count >= limits.ackCount || bytes >= limits.ackBytes) send()
      else cancel ??= clock.after(limits.ackDelay, send)
    },
    sent,
    stop: sent,
  }
}
