/** Has the app answer a request on Vite's server. What it cannot answer is answered here, with one line in the terminal. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerOutage } from '../ports/outage-answer.ts'
import { askApp, isRepeatable } from './ask-app.ts'
import type { AwaitedBodies } from './awaited-bodies.ts'
import type { KeptConnections } from './kept-connections.ts'
import { printable, type Reachable, reachApp } from './reach-app.ts'

/** The app, and how it is asked. */
export interface AppAccess extends Reachable {
  readonly connections: KeptConnections
  readonly awaited: AwaitedBodies
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
  const { connections, awaited, timeout, say } = access
  const { request, response, url, pass, isShared } = asked
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const reached = await reachApp(access, {
    ask: (target) =>
      askApp(request, response, {
        ...{ target, path: url, agent: connections.agent, awaited, patience: timeout },
        declines: (status) => status === 404 && isShared,
      }),
    isRepeatable: isRepeatable(request),
    isComplete: () => request.complete,
    signal: gone.signal,
  })
  const what = `${request.method} ${printable(url)}`
  switch (reached.is) {
    case 'none':
    case 'declined':
      return pass()
    case 'outage':
      if (reached.unsure && isShared) return pass()
      return answerOutage(request, response, reached.outage)
    case 'refused':
      say(`${what}: ${reached.text}`)
      return answerText(response, reached.status, `${reached.text}\n`)
    case 'answered': {
      const error = await reached.ended
      if (error) say(`${what}: ${reached.name} has broken off its answer (${error.message})`)
    }
  }
}

function answerText(response: ServerResponse, status: number, text: string): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = status
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.setHeader('Cache-Control', 'no-store')
  response.end(text)
}
