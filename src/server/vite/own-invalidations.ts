/** `import.meta.hot.invalidate()` of a runner, which the runner itself handles. */
import type { DevEnvironment } from 'vite'

/**
 * Keeps Vite from answering `vite:invalidate` with an update while `isReceiving`: it would do once for all runners, by its own
 * graph, what the runner that called `invalidate()` has already done for itself.
 */
export function ignoreInvalidations(environment: DevEnvironment, isReceiving: () => boolean): void {
  const vite = environment as unknown as { invalidateModule(...args: unknown[]): void }
  const invalidateModule = vite.invalidateModule
  vite.invalidateModule = (...args) => {
    if (!isReceiving()) invalidateModule.apply(environment, args)
  }
}
