/**
 * Files of the app that Node itself has loaded in its processes. Updates cannot replace them, so a save of one restarts the app.
 */
import { stat } from 'node:fs/promises'
import type { ViteDevServer } from 'vite'

/** `true` if the loaded code is still the file's, judged by the file's time of modification in ms. */
export type IsCurrent = (modified: number) => boolean

/** Natively loaded files by app. */
export class Natives {
  readonly #loaded = new Map<string, Set<string>>()
  /** Loaded files that were saved since the app's process was started. */
  readonly #saved = new Map<string, Set<string>>()

  /**
   * Files are absolute paths with forward slashes; those outside Vite's root are watched from now on. Resolves with those that
   * were saved before this was told.
   */
  async add(
    app: string,
    files: Iterable<[file: string, isCurrent: IsCurrent]>,
    { config, watcher }: ViteDevServer,
  ): Promise<string[]> {
    const late: Promise<string[]>[] = []
    for (const [file, isCurrent] of files) {
      const loaded = this.#of(this.#loaded, app)
      if (!loaded.has(file) && !file.startsWith(`${config.root}/`)) watcher.add(file)
      loaded.add(file)
      late.push(
        stat(file).then(
          ({ mtimeMs }) => (isCurrent(mtimeMs) ? [] : [file]),
          // one that is gone is reported by the watcher
          () => [],
        ),
      )
    }
    return (await Promise.all(late)).flat()
  }

  /** A file was saved. Returns the apps that have loaded it. */
  saved(file: string): string[] {
    const apps = [...this.#loaded].filter(([, files]) => files.has(file)).map(([app]) => app)
    for (const app of apps) this.#of(this.#saved, app).add(file)
    return apps
  }

  /** `true` if an app has loaded this file. */
  has(app: string, file: string): boolean {
    return this.#loaded.get(app)?.has(file) === true
  }

  /** The files that have been saved since the app was started. */
  changed(app: string): Iterable<string> {
    return this.#saved.get(app) ?? []
  }

  /** The app's process has ended. */
  forget(app: string): void {
    this.#loaded.delete(app)
    this.#saved.delete(app)
  }

  #of(files: Map<string, Set<string>>, app: string): Set<string> {
    const found = files.get(app) ?? new Set()
    files.set(app, found)
    return found
  }
}
