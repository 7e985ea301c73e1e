/**
 * Has the app answer a request, whatever becomes of its process meanwhile: the request waits while there is none, and is answered here if
 * the app cannot, with one line in the terminal.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerOutage } from '../ports/outage-answer.ts'
import { type Asked, askApp, isRepeatable } from './ask-app.ts'
import type { AwaitedBodies } from './awaited-bodies.ts'
import type { Backend, Whereabouts } from './backend.ts'
import type { KeptConnections } from './kept-connections.ts'

/** Milliseconds in which a change of the app is told after a connection to it has broken. */
export const GRACE = 1000

/** The app, and how it is asked. */
export interface AppAccess {
  readonly backend: Backend
  readonly connections: KeptConnections
  readonly awaited: AwaitedBodies
  /** Milliseconds of the option `timeout`. */
  readonly timeout: number
  /** Prints a line. */
  say(text: string): void
}

/** A request to the app. */
export interface AppRequest {
  request: IncomingMessage
  response: ServerResponse
  /** As the client has sent it. */
  url: string
  /** Has somebody else answer. */
  pass: () => void
  /** They answer what the app answers with 404. */
  isShared: boolean
}

/** Answers, or passes. Never rejects. */
export async function answerByApp(access: AppAccess, asked: AppRequest): Promise<void> {
  const { backend, connections, awaited, timeout, say } = access
  const { request, response, url, pass, isShared } = asked
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const refuse = (status: number, text: string) => {
    say(`${request.method} ${printable(url)}: ${text}`)
    answerText(response, status, `${text}\n`)
  }
  let attempts = 0
  for (;;) {
    const place = await findApp(backend, timeout, gone.signal)
    if (gone.signal.aborted) return
    if (place === undefined) return pass()
    const { name } = place
    if ('outage' in place) {
      if (place.unsure && isShared) return pass()
      return answerOutage(request, response, place.outage)
    }
    if ('starts' in place) return refuse(504, `${name} has not begun to answer requests within ${timeout} ms`)
    const result = await askApp(request, response, {
      ...{ target: place.target, path: url, agent: connections.agent, awaited, patience: timeout },
      declines: (status) => status === 404 && isShared,
    })
    if (result.is === 'declined') return pass()
    if (result.is === 'gone') return
    if (result.is === 'answered') return tellCut(result, access, `${request.method} ${printable(url)}`, name)
    if (result.is === 'late') {
      if (request.complete) return refuse(504, `${name} has not answered within ${timeout} ms (option serve.timeout)`)
      return refuse(408, `the client has sent nothing more of its request for ${timeout} ms`)
    }
    const { error, isAsked, wasKept } = result
    // the app may have closed it before it was asked
    if (wasKept && isRepeatable(request)) continue
    const isChanged = await backend.nextChange(GRACE, gone.signal)
    if (isAsked) attempts++
    const mayAskAgain = !isAsked || (isRepeatable(request) && attempts < 2)
    if (isChanged && mayAskAgain) continue
    const now = backend.whereabouts
    if (now && 'outage' in now) return answerOutage(request, response, now.outage)
    return refuse(502, `${name} has closed the connection before it answered (${error.message})`)
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

/** Says that an answer was broken off, unless that is because the process was replaced. */
async function tellCut(
  result: Asked & { is: 'answered' },
  access: AppAccess,
  what: string,
  name: string,
): Promise<void> {
  const error = await result.ended
  if (!error || (await access.backend.nextChange(GRACE, new AbortController().signal))) return
  access.say(`${what}: ${name} has broken off its answer (${error.message})`)
}

function answerText(response: ServerResponse, status: number, text: string): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = status
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.setHeader('Cache-Control', 'no-store')
  response.end(text)
}

/** Text of a client for the terminal, whose cursor it could move. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
