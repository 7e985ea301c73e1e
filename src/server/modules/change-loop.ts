/** Gathers what was saved into changes: one at a time, each with everything that was saved until it is put together. */
import { createDebug } from 'obug'
import type { Change, ModuleId } from '../../shared/types.ts'
import { createDeferred, type Deferred } from '../../shared/util/deferred.ts'

const debug = createDebug('vite-tether:change')

/** Milliseconds for which a standby's change leaves the machine to the app, unless that has had its own before. */
const COURTESY = 200

/** What goes into the next change. */
interface Dirty {
  seeds: Set<ModuleId>
  /** A plugin asked for a full reload. */
  reload: boolean
  /** Any module may have changed. */
  review: boolean
}

/** What the loop needs of its session. */
export interface ChangeLoopOptions {
  /** Names the session in debug output. */
  name: string
  /** Resolves while Vite serves: after an in-process restart there is one change for all that was saved during it. */
  serving(): Promise<unknown>
  /** The code that the runner lacks after a save of `seeds`, or whatever was saved (`all`). */
  collect(seeds: ReadonlySet<ModuleId>, all: boolean): Promise<Omit<Change, 'seq'>>
  send(change: Change): void
  /** The runner is a standby: nothing runs there yet, and its changes have time. */
  isStandby(): boolean
}

/** The changes of one session. */
export class ChangeLoop {
  readonly #options: ChangeLoopOptions
  #dirty: Dirty = nothing()
  #running: Deferred<void> | undefined
  /** Ends the courtesy of a standby's change. */
  #hurry = () => {}
  #seq = 0
  #answered = 0

  constructor(options: ChangeLoopOptions) {
    this.#options = options
  }

  save(id: ModuleId): void {
    this.#dirty.seeds.add(id)
    void this.#run()
  }

  reload(): void {
    this.#dirty.reload = true
    void this.#run()
  }

  review(): void {
    this.#dirty.review = true
    void this.#run()
  }

  /** Gives a change that did not come from here its place among the others. */
  number(change: Omit<Change, 'seq'>): Change {
    return { ...change, seq: ++this.#seq }
  }

  /** Drops what is not sent. */
  forget(): void {
    this.#dirty = nothing()
  }

  answered(seq: number): void {
    this.#answered = Math.max(this.#answered, seq)
  }

  /** `true` while a change is put together, or on its way, or applied. */
  get isPending(): boolean {
    return this.#running !== undefined || this.#seq > this.#answered
  }

  /** Standby only: the app has its change. */
  hurry(): void {
    this.#hurry()
  }

  /** Resolves when everything that was saved so far is on its way. */
  async settled(): Promise<void> {
    this.#hurry()
    await this.#running?.promise
  }

  async #run(): Promise<void> {
    if (this.#running) return
    this.#running = createDeferred()
    try {
      if (this.#options.isStandby()) await this.#courtesy()
      while (isDirty(this.#dirty)) await this.#next()
    } catch (error) {
      // the hub was closed while this waited for a server that will not come back
      debug('%s: no more changes: %o', this.#options.name, error)
    } finally {
      this.#running.resolve()
      this.#running = undefined
    }
  }

  async #next(): Promise<void> {
    const { name, serving, collect, send } = this.#options
    await serving()
    const { seeds, reload, review } = this.#dirty
    this.#dirty = nothing()
    // a plugin that asks for a reload may have invalidated anything
    const change = await collect(seeds, review || reload)
    const { modules, failed } = change
    if (!reload && change.seeds.length === 0 && modules.length === 0 && failed.length === 0) return
    const numbered = this.number(reload ? { ...change, reload } : change)
    const counts = [modules.length, failed.length]
    debug('%s change %d: seeds %o, %d modules, %d failed', name, numbered.seq, change.seeds, ...counts)
    send(numbered)
  }

  /** The app's process and the server are busy with the same save right now, and this would compete with them. */
  async #courtesy(): Promise<void> {
    const over = createDeferred<void>()
    const timer = setTimeout(over.resolve, COURTESY).unref()
    this.#hurry = over.resolve
    await over.promise
    clearTimeout(timer)
  }
}

const nothing = (): Dirty => ({ seeds: new Set(), reload: false, review: false })

const isDirty = ({ seeds, reload, review }: Dirty): boolean => seeds.size > 0 || reload || review
