/**
 * Tells modules that an app makes for a moment from sources: loaders of configs in TypeScript write what they have compiled, import it, and
 * remove it. An update or a restart for its removal would have the app make it again, and remove it again, for ever.
 */
import type { DevEnvironment } from 'vite'
import { dropModules } from './resolutions.ts'

/** Milliseconds that such a file is there at most. */
const LIFETIME = 2000

/** Such files, among those that a watcher tells of. */
export class TransientFiles {
  readonly #environment: DevEnvironment
  /** File -> when it was made, in monotonic ms. */
  readonly #made = new Map<string, number>()

  constructor(environment: DevEnvironment) {
    this.#environment = environment
  }

  /** A file was made. `isAwaited`: somebody has missed it, and so it is none of these. */
  made(file: string, isAwaited: boolean): void {
    const now = performance.now()
    this.#made.delete(file)
    // the oldest come first: a checkout that makes thousands of files would look at all of them for each
    for (const [each, at] of this.#made) {
      if (now - at <= LIFETIME) break
      this.#made.delete(each)
    }
    if (!isAwaited) this.#made.set(file, now)
  }

  /**
   * A file was removed. `true` for one of these, which Vite forgets then, so that it has nothing to update. Whoever imports a file by its
   * name misses it, however short its life was.
   */
  removed(file: string): boolean {
    const { moduleGraph } = this.#environment
    const age = performance.now() - (this.#made.get(file) ?? Number.NEGATIVE_INFINITY)
    const nodes = [...(moduleGraph.getModulesByFile(file) ?? [])]
    this.#made.delete(file)
    if (age > LIFETIME || nodes.some(({ importers }) => importers.size > 0)) return false
    dropModules(moduleGraph, nodes)
    return true
  }
}
