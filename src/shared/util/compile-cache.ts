/** Node's cache of compiled code, which serves the files that Node itself loads, mostly packages. Node has it from 22.8 on. */
import module from 'node:module'
import { systemClock } from './clock.ts'

/** Milliseconds until the cache is written: by then a process has loaded what it starts with, and has answered. */
const WRITE_AFTER = 10_000

/** Functions that @types/node of Node 20, the oldest supported version, does not declare. */
interface CompileCache {
  enableCompileCache?(directory?: string): unknown
  flushCompileCache?(): void
}

/**
 * Lets Node keep the compiled code of this process for the next one, where it can. `NODE_COMPILE_CACHE` and
 * `NODE_DISABLE_COMPILE_CACHE` take precedence. @default directory Node's own, in the system's temporary directory
 */
export function keepCompiledCode(directory?: string): void {
  // the coverage of functions that come out of the cache is less precise: https://nodejs.org/api/module.html#module-compile-cache
  if (process.env.NODE_V8_COVERAGE) return
  const { enableCompileCache, flushCompileCache } = module as CompileCache
  enableCompileCache?.(directory)
  // some versions of Node do not write the cache when a process ends itself or is killed
  if (flushCompileCache) systemClock.after(WRITE_AFTER, flushCompileCache)
}
