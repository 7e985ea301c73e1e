/**
 * Sends code to a runner in batches while Vite still transforms the rest of it. The next batch waits until the runner has taken
 * most of those before.
 */
import type { ModuleRecord } from '../../shared/types.ts'

/** A batch is sent when it has this many modules or, counted in characters of code and map, this size. */
const BATCH_LENGTH = 64
const BATCH_SIZE = 768 * 1024

/** The receiver of batches: the session. */
export interface StreamTarget {
  modules(records: ModuleRecord[]): void
  /** Resolves when the runner has taken most of the code under way. */
  room(): Promise<void>
}

/** The code that answers one `fetch`. */
export interface Stream {
  add(record: ModuleRecord): void
  /** Resolves, once all other batches are sent, with the last batch, which is part of the answer itself. */
  end(): Promise<ModuleRecord[]>
  /** Sends nothing more. */
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
      // end() rejects with this error
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

/** The size of a record in a message, in characters. */
export function sizeOf({ code, map }: ModuleRecord): number {
  return code.length + (map?.length ?? 0)
}
