/** Node's cache of compiled code, for what Node itself loads: packages, mostly. Node has it from 22.8 on. */
import module from 'node:module'
import { systemClock } from './clock.ts'

/** Milliseconds until the cache is written: by then a process has loaded what it starts with, and has answered. */
const WRITE_AFTER = 10_000

/** What @types/node does not know, which is that of the oldest version that is supported. */
interface CompileCache {
  enableCompileCache?(directory?: string): unknown
  flushCompileCache?(): void
}

/**
 * Has Node keep the compiled code of this process for the next one, where it can. `NODE_COMPILE_CACHE` and
 * `NODE_DISABLE_COMPILE_CACHE` count for more. @default directory Node's, among the system's temporary files
 */
export function keepCompiledCode(directory?: string): void {
  // the coverage of functions that come out of the cache is less precise: https://nodejs.org/api/module.html#module-compile-cache
  if (process.env.NODE_V8_COVERAGE) return
  const { enableCompileCache, flushCompileCache } = module as CompileCache
  enableCompileCache?.(directory)
  // not every version of Node does it in time where a process asks for its own end, or is killed
  if (flushCompileCache) systemClock.after(WRITE_AFTER, flushCompileCache)
}
