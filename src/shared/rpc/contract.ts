/**
 * The list of the functions of either side, and how their messages are treated. The types are in `types.ts`.
 */
import type { SendOptions } from '../session/outbox.ts'
import type { RunnerFunctions, ServerFunctions } from '../types.ts'

type CallsOf<F> = { [K in keyof F]: F[K] extends (...args: never[]) => Promise<unknown> ? K : never }[keyof F] & string
type EventsOf<F> = Exclude<keyof F & string, CallsOf<F>>

/** The functions of one side: `calls` answer with a promise; `events` do not, and say here how they are sent. */
export interface Contract<F> {
  readonly calls: readonly CallsOf<F>[]
  readonly events: { readonly [K in EventsOf<F>]: SendOptions }
}

/**
 * Functions of the server. `hot` is sent by the app, as often as it likes: it is bounded (`event`), and sent again if the session
 * is lost before the server has taken it. The others are never refused, because there are few of them: one `applied` a change, one
 * `ready` a start.
 */
export const SERVER_CONTRACT: Contract<ServerFunctions> = {
  calls: ['init', 'fetch', 'compare'],
  events: {
    hot: { event: true, again: true },
    applied: { event: false },
    ready: { event: false },
    settled: { event: false },
    waiting: { event: false },
    begun: { event: false },
    inspected: { event: false },
    serving: { event: false },
    loaded: { event: true, again: true },
  },
}

/** Functions of a runner. `modules` needs no bound: the server waits for acknowledgements between batches (`code-stream`). */
export const RUNNER_CONTRACT: Contract<RunnerFunctions> = {
  calls: [],
  events: {
    change: { event: true },
    modules: { event: false },
    payload: { event: true },
    begin: { event: false },
  },
}

/** A contract reduced to the names of its functions. */
export interface Names {
  readonly calls: readonly string[]
  readonly events: object
}
