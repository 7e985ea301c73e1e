/** Requests of busy clients while saves restart the app. */
import { Agent, get } from 'node:http'
import { setTimeout as idle } from 'node:timers/promises'
import type { App } from './app.ts'
import type { Client } from './client.ts'
import type { Running } from './processes.ts'

/** The outcomes of the requests of all clients. */
export interface Requests {
  /** Each with a connection of its own. */
  fresh: Outcome
  /** Each client with one connection that it keeps. */
  kept: Outcome
}

/** Of one kind of client. */
export interface Outcome {
  all: number
  /** Refused, cut, or answered with a status from 500 on. */
  failed: number
  /** The longest time that one took which was answered, in ms. */
  longest: number
}

const CLIENTS = 4
/** From an answer or a failure to the next request, in ms. */
const PAUSE = 5
/** Before a save, in ms: the clients are at work, and the tool has settled. */
const SETTLE = 1000
/** A restart takes no longer, in ms. */
const TIMEOUT = 30_000

/** Restarts the app so often by saves, for clients of either kind. */
export async function measureRequests(
  app: App,
  client: Client,
  port: number,
  running: Running,
  restarts: number,
): Promise<Requests> {
  const over = async (keepAlive: boolean): Promise<Outcome> => {
    const outcome = { all: 0, failed: 0, longest: 0 }
    const stop = new AbortController()
    const clients = Array.from({ length: CLIENTS }, () => keepAsking(port, keepAlive, outcome, stop.signal))
    try {
      for (let each = 0; each < restarts; each++) {
        await idle(SETTLE)
        app.save('unaccepted')
        const { settings } = app.expected
        await client.until((answer) => answer.settings === settings, TIMEOUT, running.ended)
      }
    } finally {
      stop.abort()
      await Promise.all(clients)
    }
    return outcome
  }
  return { fresh: await over(false), kept: await over(true) }
}

async function keepAsking(port: number, keepAlive: boolean, outcome: Outcome, stop: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive, maxSockets: 1 })
  while (!stop.aborted) {
    const began = performance.now()
    const isAnswered = await ask(port, agent)
    outcome.all++
    if (isAnswered) outcome.longest = Math.max(outcome.longest, performance.now() - began)
    else outcome.failed++
    await idle(PAUSE)
  }
  agent.destroy()
}

/** Resolves with `true` if a request is answered to its end, and not with an error. */
function ask(port: number, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ agent, host: '127.0.0.1', port, path: '/', timeout: TIMEOUT }, (response) => {
      response.resume()
      response.once('error', () => resolve(false))
      response.once('end', () => resolve(response.statusCode! < 500))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
  })
}
