import { EventEmitter } from 'node:events'

export interface Job {
  id: number
  name: string
  payload: unknown
  state: 'waiting' | 'running' | 'done' | 'failed'
  attempts: number
  result?: unknown
  error?: string
}

/** First in, first out, in memory. `waiting` is emitted when there is something to take. */
export class Queue extends EventEmitter<{ waiting: [] }> {
  readonly jobs = new Map<number, Job>()
  readonly #waiting: Job[] = []

  add(name: string, payload: unknown): Job {
    const job: Job = { id: this.jobs.size + 1, name, payload, state: 'waiting', attempts: 0 }
    this.jobs.set(job.id, job)
    this.retry(job)
    return job
  }

  retry(job: Job): void {
    job.state = 'waiting'
    this.#waiting.push(job)
    this.emit('waiting')
  }

  take(): Job | undefined {
    return this.#waiting.shift()
  }

  count(state: Job['state']): number {
    return [...this.jobs.values()].filter((job) => job.state === state).length
  }
}

/** The one queue of this process. Nothing that this file imports is of ours, so only a save of this file replaces it. */
export const queue = new Queue()
