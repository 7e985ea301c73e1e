/** Clients of an app under test. */
import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** An answer. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Asks once, on a connection of its own unless an agent is given. Rejects if there is no answer. */
export function ask(options: RequestOptions, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent: false, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Clients that ask without a pause. */
export interface Load {
  readonly answers: Set<string>
  readonly count: number
  /** The requests that have failed, with what went wrong. */
  readonly failures: string[]
  /** Resolves when all have had their last answer. */
  end(): Promise<void>
}

/** Four clients ask `to` until the end of the test; with `keepAlive` each on one connection, as long as the server leaves it open. */
export function startLoad(to: RequestOptions, keepAlive: boolean, body?: Buffer): Load {
  let isOver = false
  let count = 0
  const answers = new Set<string>()
  const failures: string[] = []
  const clients = Array.from({ length: 4 }, async () => {
    const agent = keepAlive ? new Agent({ keepAlive: true, maxSockets: 1 }) : false
    while (!isOver) {
      await ask({ ...to, agent }, body).then(
        ({ status, body: text }) => {
          if (status === 200) answers.add(text)
          else failures.push(`${status} ${text}`)
        },
        (error: NodeJS.ErrnoException) => failures.push(error.code ?? error.message),
      )
      count++
      await delay(1)
    }
    if (agent) agent.destroy()
  })
  const end = async () => {
    isOver = true
    await Promise.all(clients)
  }
  onTestFinished(end)
  return {
    answers,
    failures,
    get count() {
      return count
    },
    end,
  }
}
