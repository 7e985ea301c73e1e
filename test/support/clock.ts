import { onTestFinished, vi } from 'vitest'
import type { Clock } from '../../src/shared/util/clock.ts'

/** Time that passes only when told to. */
export class FakeClock implements Clock {
  #now: number
  #timers: { due: number; fn: () => void }[] = []

  constructor(start = 1_000) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { due: this.#now + ms, fn }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    }
  }

  /** The number of timers that are set. */
  get pending(): number {
    return this.#timers.length
  }

  /** Milliseconds until the next timer, if there is one. */
  get next(): number | undefined {
    const [first] = this.#sorted()
    return first && Math.max(0, first.due - this.#now)
  }

  /** Lets time pass; timers fire on time, in order. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let [timer] = this.#sorted(); timer && timer.due <= end; [timer] = this.#sorted()) {
      this.#now = Math.max(this.#now, timer.due)
      this.#fire(timer)
    }
    this.#now = end
  }

  /** The process sleeps: time jumps, and the timers that are due fire late, each once, at the new time. */
  sleep(ms: number): void {
    this.#now += ms
    for (const timer of this.#sorted().filter(({ due }) => due <= this.#now)) {
      if (this.#timers.includes(timer)) this.#fire(timer)
    }
  }

  #sorted(): { due: number; fn: () => void }[] {
    return this.#timers.toSorted((a, b) => a.due - b.due)
  }

  #fire(timer: { fn: () => void }): void {
    this.#timers = this.#timers.filter((each) => each !== timer)
    timer.fn()
  }
}

/** Node's own clock in place of an injected one: of the globals that are named, until the test ends. */
export function fakeGlobals(...toFake: ('Date' | 'setTimeout' | 'clearTimeout')[]) {
  vi.useFakeTimers({ toFake, now: Date.now() })
  onTestFinished(() => void vi.useRealTimers())
  return {
    /** Lets time pass; timers fire on time, in order. */
    advance: (ms: number) => void vi.advanceTimersByTime(ms),
    /** The wall clock is set, forwards or back; no timer notices. */
    jump: (ms: number) => void vi.setSystemTime(Date.now() + ms),
  }
}

/** Resolves when all promise jobs that are due now, and those they cause, are done. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
