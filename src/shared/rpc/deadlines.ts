/**
 * Deadlines of calls, counted only while there is a link and this process is awake.
 */

import { TetherError } from '../errors.ts'
import type { Limits } from '../session/limits.ts'
import type { Clock } from '../util/clock.ts'

export interface Deadlines {
  /** Settles as `answer` does, or rejects with `ERR_DEADLINE`, or with the error of `end`. */
  race<T>(name: string, answer: Promise<T>): Promise<T>
  /** The session got a link (`true`), or lost it: time counts only in between. */
  attached(yes: boolean): void
  /** Rejects every call that waits, each with an error of its own from `reason`. */
  end(reason: () => TetherError): void
}

interface Entry {
  name: string
  /** In milliseconds of time spent attached and awake. */
  due: number
  fail(error: TetherError): void
}

/** Makes deadlines, which count no time until `attached(true)`. */
export function createDeadlines(clock: Clock, limits: Limits): Deadlines {
  // all deadlines are equally long, so the first entry is the first due
  const entries = new Set<Entry>()
  let spent = 0
  let since: number | undefined
  let timer: { cancel(): void; armed: number; due: number } | undefined

  const count = (at: number): number => (since === undefined ? spent : spent + at - since)

  function arm(): void {
    const [first] = entries
    if (!first || timer || since === undefined) return
    const armed = clock.now()
    const wait = Math.max(0, first.due - count(armed))
    timer = { armed, due: armed + wait, cancel: clock.after(wait, fire) }
  }

  function fire(): void {
    const { armed, due } = timer!
    timer = undefined
    const now = clock.now()
    // this process slept, this timer fires, then the socket is read, which may hold the answer: time asleep does not count
    spent = count(now - due > limits.late ? armed : now)
    since = now
    for (const entry of entries) {
      if (entry.due > spent) break
      entries.delete(entry)
      const text = `"${entry.name}" was not answered within ${limits.callDeadline} ms of being connected; the server may be blocked`
      entry.fail(new TetherError('ERR_DEADLINE', text))
    }
    arm()
  }

  return {
    race(name, answer) {
      return new Promise((resolve, reject) => {
        const entry: Entry = { name, due: count(clock.now()) + limits.callDeadline, fail: reject }
        entries.add(entry)
        arm()
        answer.then(resolve, reject).finally(() => entries.delete(entry))
      })
    },
    attached(yes) {
      const now = clock.now()
      spent = count(now)
      since = yes ? now : undefined
      timer?.cancel()
      timer = undefined
      arm()
    },
    end(reason) {
      timer?.cancel()
      timer = undefined
      for (const entry of entries) entry.fail(reason())
      entries.clear()
    },
  }
}
