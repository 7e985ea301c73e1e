/** Gathers saves into changes. One change is put together at a time, with all saves until then; later saves go into the next. */
import { createDebug } from 'obug'
import type { Change, ModuleId } from '../../shared/types.ts'
import { createDeferred, type Deferred } from '../../shared/util/deferred.ts'

const debug = createDebug('vite-tether:change')

/** Milliseconds for which a standby's change waits, so that the app gets its change first. */
const COURTESY = 200

/** The content of the next change. */
interface Dirty {
  seeds: Set<ModuleId>
  /** A plugin asked for a full reload. */
  reload: boolean
  /** Any module may have changed. */
  review: boolean
  /** When the first of that was known, in monotonic ms. */
  since: number
}

/** Options of a change loop. */
export interface ChangeLoopOptions {
  /** Names the session in debug output. */
  name: string
  /** Resolves when Vite serves. During an in-process restart it waits, and all saves of that time become one change. */
  serving(): Promise<unknown>
  /** The code that the runner lacks after a save of `seeds`; with `all` every module it holds is compared. */
  collect(seeds: ReadonlySet<ModuleId>, all: boolean): Promise<Omit<Change, 'seq'>>
  /** `since`: when the first of the change's saves was known, in monotonic ms. */
  send(change: Change, since: number): void
  /** A change could not be put together or sent: its saves do not reach the runner. */
  failed(error: unknown): void
  /** `true` if the runner is a standby: it executes nothing yet, so its changes have time. */
  isStandby(): boolean
}

/** The changes of one session. */
export class ChangeLoop {
  readonly #options: ChangeLoopOptions
  #dirty: Dirty = nothing()
  #running: Deferred<void> | undefined
  /**
   * Modules that the previous change of this run of the loop has brought, if that was a review. A file is saved, then the review reads
   * it, then the watcher tells of the save while the review's code is put together: that would be a second update for one save.
   */
  #reviewed: ReadonlySet<ModuleId> = new Set()
  /** Ends the courtesy of a standby's change. */
  #hurry = () => {}
  #seq = 0
  #answered = 0

  constructor(options: ChangeLoopOptions) {
    this.#options = options
  }

  save(id: ModuleId): void {
    this.#dirty.seeds.add(id)
    this.#wake()
  }

  reload(): void {
    this.#dirty.reload = true
    this.#wake()
  }

  review(): void {
    this.#dirty.review = true
    this.#wake()
  }

  /** Numbers a change that this loop did not make: the answer to `compare`, for example. */
  number(change: Omit<Change, 'seq'>): Change {
    return { ...change, seq: ++this.#seq }
  }

  /** Drops all saves that are not sent yet. */
  forget(): void {
    this.#dirty = nothing()
  }

  answered(seq: number): void {
    this.#answered = Math.max(this.#answered, seq)
  }

  /** `true` while a change is being put together, is on its way, or is being applied. */
  get isPending(): boolean {
    return this.#running !== undefined || this.#seq > this.#answered
  }

  /** Standby only: the app has applied its change, so this one need not wait any longer. */
  hurry(): void {
    this.#hurry()
  }

  /** Resolves when all saves so far are on their way. */
  async settled(): Promise<void> {
    this.#hurry()
    await this.#running?.promise
  }

  #wake(): void {
    if (this.#dirty.since === 0) this.#dirty.since = performance.now()
    void this.#run()
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = createDeferred()
    this.#reviewed = new Set()
    if (this.#options.isStandby()) await this.#courtesy()
    while (isDirty(this.#dirty)) {
      await this.#next().catch((error) => {
        debug('%s: no change: %o', this.#options.name, error)
        if (!isOver(error)) this.#options.failed(error)
      })
    }
    this.#running.resolve()
    this.#running = undefined
  }

  async #next(): Promise<void> {
    const { name, serving, collect, send } = this.#options
    await serving().catch((error) => {
      // Vite restarts, then the hub is closed: nobody is going to serve what was saved
      this.forget()
      throw error
    })
    const { seeds, reload, review, since } = this.#dirty
    this.#dirty = nothing()
    // a plugin that asks for a reload may have invalidated any module
    const change = await collect(seeds, review || reload)
    const { modules, failed, stale = [] } = change
    const isNew = new Set([...modules.map(({ id }) => id), ...failed.map(({ id }) => id), ...stale])
    change.seeds = change.seeds.filter((id) => isNew.has(id) || !this.#reviewed.has(id))
    this.#reviewed = new Set(review ? modules.map(({ id }) => id) : [])
    if (!reload && change.seeds.length === 0 && modules.length === 0 && failed.length === 0) return
    const numbered = this.number(reload ? { ...change, reload } : change)
    const counts = [modules.length, failed.length]
    debug('%s change %d: seeds %o, %d modules, %d failed', name, numbered.seq, change.seeds, ...counts)
    send(numbered, since)
  }

  /** Waits, because the app and the server are busy with the same save now, and this change would slow them down. */
  async #courtesy(): Promise<void> {
    const over = createDeferred<void>()
    const timer = setTimeout(over.resolve, COURTESY).unref()
    this.#hurry = over.resolve
    await over.promise
    clearTimeout(timer)
  }
}

/** `true` for the error of a hub that is closed, or of a session that has ended: the runner is owed nothing any more. */
export function isOver(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_CLOSED'
}

const nothing = (): Dirty => ({ seeds: new Set(), reload: false, review: false, since: 0 })

const isDirty = ({ seeds, reload, review }: Dirty): boolean => seeds.size > 0 || reload || review
