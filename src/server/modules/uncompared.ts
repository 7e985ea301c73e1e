/**
 * Modules of which a proof says that the runner holds their current code, and that Vite has not transformed yet. They are compared in small
 * batches when nothing else is to be done: all at once, a save that comes meanwhile would wait for all of them.
 */
import type { ModuleId } from '../../shared/types.ts'

/** Modules of a batch: a save waits for so many transforms at most. */
const BATCH = 8

/** Compares these modules; resolves when what differs is on its way, with `false` if they could not be compared. */
export type CompareBatch = (held: Record<ModuleId, string>) => Promise<boolean>

/** Those of one runner. */
export class Uncompared {
  #left = new Map<ModuleId, string>()
  #done: Promise<void> = Promise.resolve()

  has(id: ModuleId): boolean {
    return this.#left.has(id)
  }

  /** Resolves when none is left. */
  get done(): Promise<void> {
    return this.#done
  }

  /** These are left from now on, with the hashes of the held code. `settled` resolves when there is nothing else to do. */
  begin(held: ReadonlyMap<ModuleId, string>, settled: () => Promise<void>, compare: CompareBatch): void {
    this.#left = new Map(held)
    this.#done = this.#compare(this.#left, settled, compare)
  }

  /** A save has compared them. */
  delete(ids: Iterable<ModuleId>): void {
    for (const id of ids) this.#left.delete(id)
  }

  /** Whatever is left is compared otherwise, or by nobody. */
  end(): void {
    this.#left = new Map()
  }

  async #compare(left: Map<ModuleId, string>, settled: () => Promise<void>, compare: CompareBatch): Promise<void> {
    // those that could not be compared stay among the others: a save of one has it compared then
    for (const tried = new Set<ModuleId>(); ; ) {
      await settled()
      // events of the watcher and of sessions come in between
      await new Promise(setImmediate)
      const batch = [...left].filter(([id]) => !tried.has(id)).slice(0, BATCH)
      if (this.#left !== left || batch.length === 0) return
      const isCompared = await compare(Object.fromEntries(batch))
      for (const [id] of batch) {
        tried.add(id)
        if (isCompared) left.delete(id)
      }
    }
  }
}
