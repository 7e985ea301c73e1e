import { setTimeout as delay } from 'node:timers/promises'
import { handlers as initial } from './handlers/index.ts'
import { type Job, queue } from './queue.ts'

/** Jobs that run at a time. */
const CONCURRENCY = 2
const MAX_ATTEMPTS = 3
/** Milliseconds before the second attempt; doubled for the third. */
const RETRY_DELAY = 200

let handlers = initial
const running = new Set<Promise<void>>()
const stopping = new AbortController()

export function startConsumer(): void {
  queue.on('waiting', fill)
  fill()
}

/** Resolves when the jobs under way have finished. */
export async function stopConsumer(): Promise<void> {
  queue.off('waiting', fill)
  stopping.abort()
  await Promise.all(running)
}

function fill(): void {
  while (running.size < CONCURRENCY && !stopping.signal.aborted) {
    const job = queue.take()
    if (!job) return
    const run = work(job).finally(() => {
      running.delete(run)
      fill()
    })
    running.add(run)
  }
}

async function work(job: Job): Promise<void> {
  job.state = 'running'
  job.attempts++
  try {
    const handler = handlers[job.name]
    if (!handler) throw new Error(`no handler for jobs named ${job.name}`)
    job.result = await handler(job.payload)
    job.state = 'done'
  } catch (error) {
    job.error = String(error)
    job.state = 'failed'
    if (job.attempts < MAX_ATTEMPTS) void retryLater(job)
  }
}

async function retryLater(job: Job): Promise<void> {
  const pause = RETRY_DELAY * 2 ** (job.attempts - 1)
  // what is not yet due when the worker stops stays failed
  await delay(pause, undefined, { signal: stopping.signal }).then(
    () => queue.retry(job),
    () => {},
  )
}

// A job under way finishes with the code that it started with; the next one gets the new code.
import.meta.hot?.accept('./handlers/index.ts', (next) => {
  if (next) handlers = next.handlers
})
