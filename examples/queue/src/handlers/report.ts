import { queue } from '../queue.ts'

export function report(): { done: number; failed: number } {
  return { done: queue.count('done'), failed: queue.count('failed') }
}
