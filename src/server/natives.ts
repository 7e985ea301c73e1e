/**
 * Files that Node has loaded by itself in the processes of an app. What they export is out of the reach of updates, so their
 * save restarts the app.
 */
import type { ViteDevServer } from 'vite'

/** Natively loaded files by app. */
export class Natives {
  readonly #loaded = new Map<string, Set<string>>()
  /** Saved since the app was started. */
  readonly #saved = new Map<string, Set<string>>()

  /** Files are absolute paths with forward slashes; those outside Vite's root are watched from now on. */
  add(app: string, files: readonly string[], { config, watcher }: ViteDevServer): void {
    for (const file of files) {
      if (this.#of(this.#loaded, app).has(file)) continue
      this.#of(this.#loaded, app).add(file)
      if (!file.startsWith(`${config.root}/`)) watcher.add(file)
    }
  }

  /** A file was saved. Returns the apps that have loaded it. */
  saved(file: string): string[] {
    const apps = [...this.#loaded].filter(([, files]) => files.has(file)).map(([app]) => app)
    for (const app of apps) this.#of(this.#saved, app).add(file)
    return apps
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
