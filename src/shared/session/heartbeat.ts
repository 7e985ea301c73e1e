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
  /** The peer was silent for `deadAfter` while this process was awake. Called once. */
  dead(): void
}

export interface Heartbeat {
  /** Any byte came in. */
  heard(): void
  /** Any frame went out. */
  sent(): void
  stop(): void
}

/** Makes a heartbeat, which starts at once. */
export function createHeartbeat({ clock, limits, ping, dead }: HeartbeatOptions): Heartbeat {
  const verdict = createWatchdog({ clock, ms: limits.deadAfter, late: limits.late, expired: dead })
  let mute = watchMute()
  function watchMute() {
    // `late` is infinite: a process that was asleep has been mute as well, and has the more reason to send a ping now
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
