/**
 * Has the app asked, whatever becomes of its process meanwhile: waits while there is none, and asks once more where nothing can be done
 * twice by that.
 */
import type { Serving } from '../../shared/types.ts'
import type { TetherOptions } from '../options.ts'
import type { Outage } from '../ports/waiting-page.ts'
import type { Asked } from './ask-app.ts'
import type { Backend, Whereabouts } from './backend.ts'

/** Milliseconds in which a change of the app is told after a connection to it has broken. */
const GRACE = 1000

/** Milliseconds of the option `serve.timeout`. */
const TIMEOUT = 120_000

/** The app, and how long it is waited for. */
export interface Reachable {
  readonly backend: Backend
  /** Milliseconds of the option `serve.timeout`. */
  readonly timeout: number
}

/** The milliseconds that the option `serve` asks for. */
export function timeoutOf(serve: TetherOptions['serve']): number {
  return (typeof serve === 'object' ? serve.timeout : undefined) ?? TIMEOUT
}

/** A request, in whatever form. */
export interface Asking {
  /** Asks where the app answers now. */
  ask(target: Serving['target']): Promise<Asked>
  /** Asking twice is as asking once. */
  isRepeatable: boolean
  /** All of the request is here. */
  isComplete(): boolean
  /** The client has gone. */
  signal: AbortSignal
}

/**
 * `none`: no app is to be asked. `gone`: nobody waits for the answer. `outage`: the app has no process; `unsure`: it may be one that does not
 * want to be asked. `refused`: there will be no answer. `declined`: somebody else is to answer. `answered`: the app has begun to; `ended`
 * resolves with an error if the app has then broken off its answer by itself.
 */
export type Reached =
  | { is: 'none' | 'gone' | 'declined' }
  | { is: 'outage'; outage: Outage; unsure: boolean }
  | { is: 'refused'; status: number; text: string }
  | { is: 'answered'; name: string; ended: Promise<Error | undefined> }

/** Asks until it is clear what comes of it. Never rejects. */
export async function reachApp({ backend, timeout }: Reachable, asking: Asking): Promise<Reached> {
  const { isRepeatable, signal } = asking
  let attempts = 0
  for (;;) {
    const place = await findApp(backend, timeout, signal)
    if (signal.aborted) return { is: 'gone' }
    if (place === undefined) return { is: 'none' }
    if ('outage' in place) return { is: 'outage', ...place }
    const { name } = place
    const refused = (status: number, text: string) => ({ is: 'refused', status, text }) as const
    if ('starts' in place) return refused(504, `${name} has not begun to answer requests within ${timeout} ms`)
    const result = await asking.ask(place.target)
    if (result.is === 'declined' || result.is === 'gone') return result
    if (result.is === 'answered') return { is: 'answered', name, ended: brokenOff(backend, result.ended) }
    if (result.is === 'late') {
      if (asking.isComplete())
        return refused(504, `${name} has not answered within ${timeout} ms (option serve.timeout)`)
      return refused(408, `the client has sent nothing more of its request for ${timeout} ms`)
    }
    const { error, isAsked, wasKept } = result
    // the app may have closed it before it was asked
    if (wasKept && isRepeatable) continue
    const isChanged = await backend.nextChange(GRACE, signal)
    if (signal.aborted) return { is: 'gone' }
    if (isAsked) attempts++
    const mayAskAgain = !isAsked || (isRepeatable && attempts < 2)
    if (isChanged && mayAskAgain) continue
    const now = backend.whereabouts
    if (now && 'outage' in now) return { is: 'outage', ...now }
    return refused(502, `${name} has closed the connection before it answered (${error.message})`)
  }
}

/** Where the app answers, or why it does not; still that it starts if that takes longer than `timeout`. `undefined` if no app is to be asked. */
export async function findApp(
  backend: Backend,
  timeout: number,
  signal: AbortSignal,
): Promise<Whereabouts | undefined> {
  const end = performance.now() + timeout
  for (;;) {
    const place = backend.whereabouts
    const rest = end - performance.now()
    if (!place || !('starts' in place) || rest <= 0 || signal.aborted) return place
    await backend.nextChange(rest, signal)
  }
}

/** The error with which an answer was broken off, unless that is because the process was replaced. */
async function brokenOff(backend: Backend, ended: Promise<Error | undefined>): Promise<Error | undefined> {
  const error = await ended
  const isReplaced = error && (await backend.nextChange(GRACE, new AbortController().signal))
  return isReplaced ? undefined : error
}

/** Text of a client for the terminal, whose cursor it could move. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
