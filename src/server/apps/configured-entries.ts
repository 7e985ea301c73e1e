/** The entries of the options: each has an app, or waits for its file. They may change when Vite restarts. */
import { flattenError, type TetherError } from '../../shared/errors.ts'
import type { Report } from '../terminal/report.ts'
import type { App } from './app.ts'

/** The functions of the apps that their entries need. */
export interface ConfiguredHost {
  readonly report: Report
  /** The entries of the options, as they are now. */
  entries(): string[]
  list(): App[]
  /** Makes an app and starts it; `made` is told before anything is waited for. Rejects with `ERR_ENTRY` if the entry has no file. */
  start(entry: string, made: (app: App) => void): Promise<unknown>
  /** Takes a stopped app off the list. */
  forget(app: App): void
}

/** Starts and stops apps as the options name their entries. */
export class ConfiguredEntries {
  readonly #host: ConfiguredHost
  /** Those that were started from here; others with the same entry are somebody's who has called `hub.start()`. */
  readonly #apps = new Set<App>()
  /** Entries that have no file yet. */
  readonly #missing = new Set<string>()
  /** Entries whose app is being made. */
  readonly #beginning = new Set<string>()
  /** Entries whose app was removed by somebody. */
  readonly #removed = new Set<string>()

  constructor(host: ConfiguredHost) {
    this.#host = host
  }

  /** The options were read: stops the apps whose entry is gone, then starts one for each entry that has none. */
  async follow(): Promise<void> {
    const entries = this.#host.entries()
    for (const entry of this.#missing) if (!entries.includes(entry)) this.#missing.delete(entry)
    const gone = [...this.#apps].filter(({ entry }) => !entries.includes(entry))
    // the new ones wait: they may listen on the ports of the old ones
    await Promise.all(gone.map((app) => this.#drop(app)))
    // asked for again: an entry was taken out, its app began to stop, then it was put back
    this.#ensure(this.#host.entries())
  }

  /** Tries the entries that had no file. */
  ensureMissing(): void {
    this.#ensure([...this.#missing])
  }

  /** Somebody has removed an app: its entry is not started again when Vite restarts. */
  removed(app: App): void {
    this.#apps.delete(app)
    this.#removed.add(app.entry)
  }

  async #drop(app: App): Promise<void> {
    this.#apps.delete(app)
    await app.stop()
    this.#host.forget(app)
    this.#host.report.dropped(app.id, app.entry)
  }

  /** An entry without a file is named in the terminal and waits for it. */
  #ensure(entries: readonly string[]): void {
    for (const entry of entries) {
      if (this.#beginning.has(entry) || this.#removed.has(entry)) continue
      if (this.#host.list().some((app) => app.entry === entry)) continue
      this.#beginning.add(entry)
      this.#host
        .start(entry, (app) => this.#apps.add(app))
        .then(
          () => this.#missing.delete(entry),
          (error: TetherError) => {
            if (!this.#missing.has(entry) && error.code !== 'ERR_CLOSED')
              this.#host.report.failed(undefined, flattenError(error), false)
            if (error.code === 'ERR_ENTRY') this.#missing.add(entry)
          },
        )
        .finally(() => this.#beginning.delete(entry))
    }
  }
}
