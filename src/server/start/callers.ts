/** Tells whose code calls a function. */
import { isOwnCode } from '../../shared/util/dist-files.ts'
import { slash } from '../../shared/util/file-path.ts'

/** Packages that Vite brings, and those that print debug lines, with the time. */
const VITES = /\/node_modules\/(?:rolldown|obug|debug)\//

/** A file of a package manager's folder; the greedy first part leads to the innermost one. */
export const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/.@][^/]*/
/** Caches of Vite and others, and its bundle of the config, which lies beside that where there is no node_modules: they are made of something else. */
export const CACHE = /\/node_modules\/\.(?:vite|cache)|\.timestamp-\d+-[\da-f]+\.m?js$/

/** Frames to look at: what a plugin has Vite do for it is the plugin's. */
const FRAMES = 16

/** The code that calls, as lines of the stack. */
export interface Caller {
  /** Those that are not Node's, the nearest first. */
  lines: readonly string[]
  /** Node loads a module. */
  loads?: 'commonjs' | 'esm'
  /** Those of them that belong to a module that Node evaluates right now, down to its first line. */
  evaluated?: readonly string[]
}

/** The caller of `noting`. */
export function callerOf(noting: (...args: never[]) => unknown): Caller {
  const { stackTraceLimit } = Error
  const at: { stack?: string } = {}
  Error.stackTraceLimit = FRAMES
  Error.captureStackTrace(at, noting)
  // the stack is made of it when it is asked for
  const stack = String(at.stack).split('\n').slice(1)
  Error.stackTraceLimit = stackTraceLimit
  const isNodes = (line: string) => !/[\\/]/.test(line) || /[( ]node:/.test(line)
  const first = stack.findIndex((line) => !isNodes(line))
  const nearest = (first < 0 ? stack : stack.slice(0, first)).join()
  const lines = stack.filter((line) => !isNodes(line))
  if (nearest.includes('node:internal/modules/esm/') || stack.length === 0) return { lines, loads: 'esm' }
  if (nearest.includes('node:internal/modules/')) return { lines, loads: 'commonjs' }
  const evaluator = stack.findIndex((line) => line.includes('node:internal/modules/'))
  return evaluator < 0 ? { lines } : { lines, evaluated: stack.slice(0, evaluator).filter((line) => !isNodes(line)) }
}

/** `true` if code of this package calls. */
export function isOwn({ lines: [first] }: Caller): boolean {
  return first !== undefined && isOwnCode(first)
}

/** `true` if Vite calls of its own accord: its folder is `vite`. One of its functions that a plugin calls reads what the plugin wants to know. */
export function isVites({ lines }: Caller, vite: string): boolean {
  return lines.length > 0 && lines.map(slash).every((line) => isVitesCode(line, vite) || isOwnCode(line))
}

/** `true` if code of Vite, or of what it brings, calls, whoever has called that. */
export function isByVite({ lines: [first = ''] }: Caller, vite: string): boolean {
  return isVitesCode(slash(first), vite)
}

/** `true` if a path, or a line of a stack, names code of Vite, or of what it brings. */
export function isVitesCode(line: string, vite: string): boolean {
  return line.includes(`${vite}/`) || VITES.test(line)
}

/** `true` if installed packages call, while Node evaluates them. */
export function isLoadedPackage({ evaluated = [] }: Caller): boolean {
  return evaluated.length > 0 && evaluated.map(slash).every((line) => PACKAGE.test(line) && !CACHE.test(line))
}
