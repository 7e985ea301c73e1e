/**
 * Which functions exist on either side, and how their messages are treated. The types are in `types.ts`.
 */
import type { SendOptions } from '../session/outbox.ts'
import type { RunnerFunctions, ServerFunctions } from '../types.ts'

type CallsOf<F> = { [K in keyof F]: F[K] extends (...args: never[]) => Promise<unknown> ? K : never }[keyof F] & string
type EventsOf<F> = Exclude<keyof F & string, CallsOf<F>>

/** What one side offers: functions that answer with a promise, and all others, which are events, with the way they are sent. */
export interface Contract<F> {
  readonly calls: readonly CallsOf<F>[]
  readonly events: { readonly [K in EventsOf<F>]: SendOptions }
}

/**
 * What a runner may ask of a server. `applied` answers a change and there are no more of them than changes, and `ready` comes
 * once, hence they are never refused; `hot` is the user's own: bounded, and sent again if a session ends before the server has taken it.
 */
export const SERVER_CONTRACT: Contract<ServerFunctions> = {
  calls: ['init', 'fetch', 'compare'],
  events: {
    hot: { event: true, again: true },
    applied: { event: false },
    ready: { event: false },
    waiting: { event: false },
    begun: { event: false },
    inspected: { event: false },
    loaded: { event: true, again: true },
  },
}

/** What a server may tell a runner. `modules` belongs to an answer: the server waits until the runner has taken others of its kind. */
export const RUNNER_CONTRACT: Contract<RunnerFunctions> = {
  calls: [],
  events: {
    change: { event: true },
    modules: { event: false },
    payload: { event: true },
    begin: { event: false },
  },
}

/** A contract of which only the names matter. */
export interface Names {
  readonly calls: readonly string[]
  readonly events: object
}
