/**
 * Code on its way to a runner while Vite still transforms the rest of it: batches, and no more of them under way than the
 * runner takes.
 */
import type { ModuleRecord } from '../../shared/types.ts'

/** A batch is sent when it has this many modules or, counted in characters of code and map, this size. */
const BATCH_LENGTH = 64
const BATCH_SIZE = 768 * 1024

/** Where batches go. */
export interface StreamTarget {
  modules(records: ModuleRecord[]): void
  /** Resolves when the runner has taken most of what is under way to it. */
  room(): Promise<void>
}

/** The code that one `fetch` brings. */
export interface Stream {
  add(record: ModuleRecord): void
  /** Resolves with the last batch, which goes along with the answer, once those before it are sent. */
  end(): Promise<ModuleRecord[]>
  /** What is not sent never will be. */
  cancel(): void
}

/** Makes the stream of one answer. `end` rejects with what `target` throws. */
export function createStream(target: StreamTarget): Stream {
  let batch: ModuleRecord[] = []
  let size = 0
  let cancelled = false
  let sent: Promise<void> = Promise.resolve()

  async function send(records: ModuleRecord[]): Promise<void> {
    await target.room()
    if (!cancelled) target.modules(records)
  }

  return {
    add(record) {
      batch.push(record)
      size += sizeOf(record)
      if (batch.length < BATCH_LENGTH && size < BATCH_SIZE) return
      const full = batch
      batch = []
      size = 0
      sent = sent.then(() => send(full))
      // `end` tells
      sent.catch(() => {})
    },
    async end() {
      await sent
      return cancelled ? [] : batch
    },
    cancel() {
      cancelled = true
    },
  }
}

/** What a record adds to a message, in characters. */
export function sizeOf({ code, map }: ModuleRecord): number {
  return code.length + (map?.length ?? 0)
}
