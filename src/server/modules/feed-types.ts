/** The feed of a session as others see it, and the part of the session that it needs. */
import type { Change, FetchAnswer, ModuleId } from '../../shared/types.ts'
import type { StreamTarget } from './code-stream.ts'
import type { Take } from './records.ts'

/** Where code goes. */
export interface FeedTarget extends StreamTarget {
  change(change: Change): void
  /** Nothing runs there yet: changes have time. */
  readonly waits: boolean
}

/** One session's view of the modules: the ledger of what its runner holds, and the changes it is owed. */
export interface Feed {
  /** Number of modules the runner holds. */
  readonly size: number
  /** `taken` is told of all that the answer brings, streamed or not. */
  fetch(url: string, importer?: ModuleId, fresh?: boolean, taken?: Take): Promise<FetchAnswer>
  /** What differs from what the runner announces after a resync; its ledger starts again from there. */
  compare(held: Record<ModuleId, string>): Promise<Change>
  /** `true` if the runner holds a module, or was told that it cannot have it. */
  concerns(id: ModuleId): boolean
  /** Vite was asked to update these modules. */
  save(seeds: Iterable<ModuleId>): void
  /** A plugin asked for a full reload. */
  reload(): void
  /** Everything the runner holds may have changed: the server restarted with another configuration. */
  review(): void
  /** Messages to the runner were lost: it is going to compare, and is told nothing until then. */
  lost(): void
  /** The runner has said what became of a change. */
  answered(seq: number): void
  /** `true` if the runner has been given a module and all that it imports. */
  hasWhole(id: ModuleId): boolean
  /** The modules that `importer` has loaded by `import()`s that its code does not show; without one: those loaded from outside. */
  computedBy(importer: ModuleId | undefined): Iterable<ModuleId>
  /** Standby only: stop waiting for the app to apply its change first, and send now. */
  hurry(): void
  /** `true` while the runner is owed a change, or has not said what became of one. */
  readonly pending: boolean
  /**
   * Standby only: sends what a process started now would be given for the entry `url` and this one holds in another version,
   * whether Vite has told of it or not. Resolves when that and every save so far is on its way.
   */
  catchUp(url: string): Promise<void>
}
