/** Sends a ping to a silent peer long before silence costs the link, in order to say that it does not answer (a blocked loop). */
import type { Clock } from '../util/clock.ts'
import type { Limits } from './limits.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

export interface ProbeOptions {
  clock: Clock
  limits: Limits
  ping(): void
  /** A ping has had no answer for `limits.answer` (`true`), or something was heard after all (`false`). */
  silence(isSilent: boolean): void
}

export interface Probe {
  /** Any byte came in. */
  heard(): void
  stop(): void
}

/** Milliseconds for this process to read an answer that came in while it was too busy to read. */
const READ = 50

/** Makes a probe, which starts at once. */
export function createProbe({ clock, limits, ping, silence }: ProbeOptions): Probe {
  let isSilent = false
  let question: Watchdog | undefined
  let cancel = (): void => {}
  let idle = watchIdle()

  function watchIdle(): Watchdog {
    return createWatchdog({ clock, ms: limits.probeAfter, late: limits.late, expired: ask })
  }

  function ask(): void {
    question = createWatchdog({ clock, ms: limits.answer, late: limits.late, expired: doubt })
    ping()
  }

  function doubt(): void {
    // this timer fires, then the socket is read, which may hold the answer: without the delay the peer would be called silent
    cancel = clock.after(READ, () => {
      isSilent = true
      silence(true)
    })
  }

  return {
    heard() {
      if (!question) return idle.feed()
      question.stop()
      question = undefined
      cancel()
      idle = watchIdle()
      if (!isSilent) return
      isSilent = false
      silence(false)
    },
    stop() {
      idle.stop()
      question?.stop()
      cancel()
    },
  }
}
