import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { handlers as initial } from './handlers.ts'
import type { Job } from './jobs.ts'

const queue = process.env.QUEUE_URL ?? 'http://localhost:3000'
const worker = `${hostname()}:${process.pid}`
const stopping = new AbortController()
let handlers = initial

console.log(`Worker ${worker} takes jobs of ${queue}`)
const working = work()

async function work(): Promise<void> {
  while (!stopping.signal.aborted) {
    try {
      const response = await fetch(`${queue}/jobs/next`, { signal: stopping.signal })
      const job = (await response.json()) as Job
      // the handlers of the moment: a job under way finishes with the ones it began with
      const result = await handlers[job.name]?.(job.payload)
      await fetch(`${queue}/jobs/${job.id}`, { method: 'POST', body: JSON.stringify({ result, worker }) })
    } catch {
      // the queue restarts, or is not there yet
      await delay(500, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
}

import.meta.hot?.accept('./handlers.ts', (next) => {
  if (next) handlers = next.handlers
})

import.meta.hot?.dispose(async () => {
  stopping.abort()
  await working
})
