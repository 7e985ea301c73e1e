/** Memory over many updates. */
import { setTimeout as idle } from 'node:timers/promises'
import type { App } from './app.ts'
import type { Client, Memory } from './client.ts'
import type { Running } from './processes.ts'

/** How the app process has grown, after a garbage collection before and after. */
export interface Growth {
  /** Leaf updates in between. */
  updates: number
  /** Resident memory, in bytes. */
  rss: number
  /** Heap in use, in bytes. */
  heap: number
  /** Saves that had no effect, or a wrong one, until the file was saved again. */
  lost: number
}

/** Before it counts: caches and optimised code have their size. */
const WARM_UP = 50
/** Vite's watcher swallows a change of a file less than 50 ms after another. In ms. */
const PAUSE = 70
/** A tool that is too slow for all updates does what it can in this time, in ms. */
const LIMIT = 80_000

/** Somebody would save again. In ms. */
const PATIENCE = 5000

/** How often it is tried to bring a tool back that has lost a save. */
const TRIES = 4

/** Saves the leaf so often. Rejects when several saves after each other have no effect. */
export async function measureGrowth(app: App, client: Client, running: Running, updates: number): Promise<Growth> {
  let lost = 0
  const save = async (): Promise<void> => {
    app.save('leaf')
    const { value } = app.expected
    await client.until((answer) => answer.value === value, PATIENCE, running.ended)
  }
  const update = async (): Promise<void> => {
    for (let each = 1; ; each++) {
      try {
        await save()
        break
      } catch (error) {
        lost++
        if (each === TRIES) throw error
      }
    }
    await idle(PAUSE)
  }
  for (let each = 0; each < WARM_UP; each++) await update()
  const before = await client.ask<Memory>('/memory')
  const began = performance.now()
  let done = 0
  while (done < updates && performance.now() - began < LIMIT) {
    await update()
    done++
  }
  const after = await client.ask<Memory>('/memory')
  return { updates: done, rss: after.rss - before.rss, heap: after.heapUsed - before.heapUsed, lost }
}
