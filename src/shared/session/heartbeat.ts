/**
 * Liveness of one link: speak at least every `pingAfter`, and give up on a peer that is silent for `deadAfter`.
 */
import type { Clock } from '../util/clock.ts'
import type { Limits } from './limits.ts'
import { createWatchdog } from './watchdog.ts'

export interface HeartbeatOptions {
  clock: Clock
  limits: Limits
  ping(): void
  /** The peer was silent for too long, and we were awake to hear it. Called once. */
  dead(): void
}

export interface Heartbeat {
  /** Any byte came in. */
  heard(): void
  /** Any frame went out. */
  sent(): void
  stop(): void
}

/** Starts at once. */
export function createHeartbeat({ clock, limits, ping, dead }: HeartbeatOptions): Heartbeat {
  const verdict = createWatchdog({ clock, ms: limits.deadAfter, late: limits.late, expired: dead })
  let mute = watchMute()
  function watchMute() {
    // asleep or not: having been mute for so long is a reason to speak, hence no allowance for lateness
    return createWatchdog({
      clock,
      ms: limits.pingAfter,
      late: Number.POSITIVE_INFINITY,
      expired() {
        mute = watchMute()
        ping()
      },
    })
  }
  return {
    heard: () => verdict.feed(),
    sent: () => mute.feed(),
    stop() {
      verdict.stop()
      mute.stop()
    },
  }
}
