/** Asks an app over http, the same way for every tool. */
import { Agent, get } from 'node:http'
import { setTimeout as idle } from 'node:timers/promises'
import type { Expected } from './app.ts'

/** The answer of an app. */
export interface Answer extends Expected {
  /** Differs with each evaluation of the module that holds the state. */
  boot: string
  hits: number
  pid: number
  /** Modules evaluated in this process so far. */
  evaluated: number
}

/** The answer of `/memory`, after a garbage collection. */
export interface Memory {
  rss: number
  heapUsed: number
  pid: number
}

/** A proxy may hold a question back long after the app is there again: then it is asked anew. In ms. */
const PATIENCE = 250

/** The result of a wait for an answer. */
export interface Waited {
  answer: Answer
  /** From the beginning of the wait to the arrival of the answer, in ms. */
  ms: number
  /** The longest time without any answer, in ms. */
  silence: number
}

/**
 * Between an answer, or a refusal, and the next question: 2 ms, or 1 % of the wait so far up to 20 ms. Short against what is
 * measured, and little work beside it.
 */
const pause = (waited: number): number => Math.min(20, Math.max(2, waited / 100))

/** One keep-alive connection to the app. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** One question. Rejects when there is no answer in `timeout` ms. */
  ask<T = Answer>(path = '/', timeout = 30_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, host: '127.0.0.1', port: this.#port, path, timeout }
      const request = get(options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('error', reject)
        response.on('end', () => {
          try {
            resolve(JSON.parse(text))
          } catch (error) {
            reject(error)
          }
        })
      })
      request.on('timeout', () => request.destroy(new Error(`no answer in ${timeout} ms`)))
      request.on('error', reject)
    })
  }

  /** Asks until the answer is the right one. Rejects after `timeout` ms, or when `signal` is aborted. */
  async until(isRight: (answer: Answer) => boolean, timeout: number, signal?: AbortSignal): Promise<Waited> {
    const began = performance.now()
    let last = began
    let silence = 0
    let seen: Answer | undefined
    for (;;) {
      signal?.throwIfAborted()
      const left = timeout - (performance.now() - began)
      if (left <= 0) {
        const what = seen ? `answers ${JSON.stringify(seen)}` : 'no answer'
        throw new Error(`not up to date after ${timeout / 1000} s: ${what}`)
      }
      const answer = await this.ask('/', Math.min(left, PATIENCE)).catch(() => undefined)
      if (answer) {
        const now = performance.now()
        silence = Math.max(silence, now - last)
        last = now
        seen = answer
        if (isRight(answer)) return { answer, ms: now - began, silence }
      }
      await idle(pause(performance.now() - began))
    }
  }

  close(): void {
    this.#agent.destroy()
  }
}
