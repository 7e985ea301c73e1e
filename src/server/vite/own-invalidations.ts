/** Leaves `import.meta.hot.invalidate()` to the runner that calls it. */
import type { DevEnvironment } from 'vite'

/**
 * Keeps Vite from answering `vite:invalidate` with an update while `isReceiving`. The runner that called `invalidate()` has
 * handled it; Vite's update, by its own graph, would go to all runners.
 */
export function ignoreInvalidations(environment: DevEnvironment, isReceiving: () => boolean): void {
  const vite = environment as unknown as { invalidateModule(...args: unknown[]): void }
  const invalidateModule = vite.invalidateModule
  vite.invalidateModule = (...args) => {
    if (!isReceiving()) invalidateModule.apply(environment, args)
  }
}
