/**
 * Postpones Node's module hooks in an app's process where installing them takes a while: `module.register` blocks until its thread has
 * booted, which takes as long as node itself. They answer `import()` of app files by code that Node has loaded, or that was made of a
 * text. Until there can be such code they are needless: what the runner evaluates imports through the runner.
 */
import { isBuiltin } from 'node:module'

/** Builtins that load code or hooks of their own. `vm` does not, unless it is given `importModuleDynamically`. */
const LOADING = /^(?:node:)?(?:module|repl|inspector|inspector\/promises|test|test\/reporters)$/

/**
 * Words without which a module's code can neither make code of a text nor reach Node's loader past `import`. In comments and strings they
 * cost nothing but the time. A name that is put together at run time (`f['const' + 'ructor']`) is not seen.
 */
const MAKES_CODE =
  /\b(?:eval|Function|require|module|mainModule|importModuleDynamically|getBuiltinModule|binding|_linkedBinding|dlopen)\b|\.\s*constructor\b|\bconstructor\b(?!\s*\()|\b(?:global|globalThis|process)\s*(?:\?\.\s*)?\[|\\u/

let install: (() => void) | undefined

/** Leaves it to this file when the hooks are installed. */
export function postponeHooks(by: () => void): void {
  install = by
}

/** `true` until they are installed. */
export function hooksArePostponed(): boolean {
  return install !== undefined
}

/** Installs them, unless that has been done. */
export function installHooks(): void {
  const run = install
  install = undefined
  run?.()
}

/** The code of a module is about to run. */
export function hookBeforeCode(code: string): void {
  if (install && MAKES_CODE.test(code)) installHooks()
}

/** Node is about to import `specifier`. */
export function hookBeforeImport(specifier: string): void {
  if (install && (!isBuiltin(specifier) || LOADING.test(specifier))) installHooks()
}
