/** The interface of a session's feed, and the part of the session that the feed needs. */
import type { Change, FetchAnswer, ModuleId, ModuleRecord } from '../../shared/types.ts'
import type { StreamTarget } from './code-stream.ts'

/** The receiver of changes: the session. */
export interface FeedTarget extends StreamTarget {
  /** `since`: when the first save was known of which the change is made, in monotonic ms; absent if it is made of none. */
  change(change: Change, since?: number): void
  /** The runner cannot be given what it is owed, and no call of its own is there to fail for it. */
  failed(error: unknown): void
  /** `true` if the runner is a standby: it executes nothing yet, so changes have time. */
  readonly waits: boolean
}

/** `true` if it is proven that the code with this hash is the current one of a module. */
export type IsProven = (id: ModuleId, hash: string) => boolean

/** One session's view of the modules: the ledger of what its runner holds, and the changes it is owed. */
export interface Feed {
  /** Number of modules the runner holds. */
  readonly size: number
  /** See `ServerFunctions.fetch`. `asked` gets the id of each module of the answer, streamed or not, also of those that fail. */
  fetch(url: string, importer?: ModuleId, fresh?: boolean, asked?: (id: ModuleId) => void): Promise<FetchAnswer>
  /**
   * The code that differs from `held`, which the runner announces after a resync. The ledger starts again from `held`. What is proven is
   * compared afterwards, when nothing else is to be done.
   */
  compare(held: Record<ModuleId, string>, isProven?: IsProven): Promise<Change>
  /** Resolves when that is done, too. */
  readonly compared: Promise<void>
  /** A file was saved that Vite's graph does not have. If it is a module that is still to be compared, it is so now. */
  saveUnknown(id: ModuleId): void
  /** The runner ends, and needs no comparison. */
  end(): void
  /** `true` if the runner holds a module, or was told that it fails to transform. */
  concerns(id: ModuleId): boolean
  /** `true` if a save of a module concerns the runner, or will once it has what it has asked for. */
  mayHold(id: ModuleId): boolean
  /** `true` if Vite's present code of one of these modules is not the code that the runner holds and runs on with. */
  lacks(ids: readonly ModuleId[]): Promise<boolean>
  /** Vite was asked to update these modules. */
  save(seeds: Iterable<ModuleId>): void
  /** A plugin asked for a full reload. */
  reload(): void
  /** All modules that the runner holds may have changed, because Vite has restarted with another configuration. */
  review(): void
  /** Messages to the runner were lost. It is going to call `compare`; saves until then are left to that. */
  lost(): void
  /** The runner has reported on a change. */
  answered(seq: number): void
  /** `true` if the runner has been given a module and all that it imports. */
  hasWhole(id: ModuleId): boolean
  /** `true` if the runner has been given a module that an import of `path` may have meant, and whose file is gone. */
  hadFor(path: ModuleId): boolean
  /** `true` if this is not the code of a module that the runner has asked for: a save has changed it since, or brought it. */
  isNews(record: ModuleRecord): boolean
  /** The modules that `importer` has loaded by computed `import()`s; for `undefined` those that no module has imported. */
  computedBy(importer: ModuleId | undefined): Iterable<ModuleId>
  /** Standby only: stop waiting for the app to apply its change first, and send now. */
  hurry(): void
  /** `true` while a change is due to the runner, or its report on one is. */
  readonly pending: boolean
  /**
   * Standby only: compares the whole graph of the entry `url` with Vite's present code and sends what differs, also for modules
   * that were invalidated without an update (by a plugin). Resolves when that and all saves so far are on their way. Without it a
   * standby could begin with older code than a new process would get.
   */
  catchUp(url: string): Promise<void>
}
