/** Node's cache of compiled code, for what Node itself loads: packages, mostly. */
import module from 'node:module'
import { join } from 'node:path'
import { createDebug } from 'obug'

const debug = createDebug('vite-tether:runner')

/**
 * Has Node keep the compiled code of this process' packages below `cacheDir`, where it can (>= 22.8). It is written when the
 * process exits. `NODE_COMPILE_CACHE` and `NODE_DISABLE_COMPILE_CACHE` count for more.
 */
export function keepCompiledCode(cacheDir: string): void {
  // the coverage of functions that come out of the cache is less precise: https://nodejs.org/api/module.html#module-compile-cache
  if (process.env.NODE_V8_COVERAGE) return
  // @types/node is that of the oldest version that is supported
  const { enableCompileCache } = module as { enableCompileCache?: (directory: string) => unknown }
  debug('compile cache: %o', enableCompileCache?.(join(cacheDir, 'compile-cache')))
}
