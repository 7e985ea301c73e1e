/**
 * Tells CommonJS from ES modules, as Node does: by a file's extension, by the package it belongs to, and by its syntax.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compileFunction, Script } from 'node:vm'

/** The format that a file's extension or its package declares; `undefined` where only the syntax can tell. */
export type DeclaredFormat = 'commonjs' | 'module' | undefined

/** Variables that only CommonJS modules have. */
const VARIABLES = ['exports', 'require', 'module', '__filename', '__dirname']
const VARIABLE = new RegExp(`(?<![.\\w$])(?:${VARIABLES.join('|')})\\b`)
/** Comments and strings, in which the name of such a variable is no use of it. */
const PROSE = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g

/**
 * The declared format of `file`, an absolute path. A package without `"type": "module"` declares nothing: its files may be
 * either. `types` is a cache of package types by folder, for a caller to which they do not change.
 */
export function declaredFormat(file: string, types?: Map<string, string>): DeclaredFormat {
  const kind = /\.([cm])[jt]s$/.exec(file)?.[1]
  if (kind !== undefined) return kind === 'c' ? 'commonjs' : 'module'
  return packageType(dirname(file), types) === 'module' ? 'module' : undefined
}

/** `true` if JavaScript can run as CommonJS: it has no `import` or `export`, no `import.meta` and no top-level await. */
export function isCommonJsCode(code: string): boolean {
  return syntaxErrorOf(code) === undefined
}

/** V8's syntax error for `code` as the body of a CommonJS module; `undefined` if it has none. */
export function syntaxErrorOf(code: string, filename?: string): Error | undefined {
  try {
    // a hashbang may only stand at the beginning of a script
    compileFunction(code.replace(/^#!/, '//'), VARIABLES, filename === undefined ? {} : { filename })
    return undefined
  } catch (error) {
    return error as Error
  }
}

/**
 * `true` if JavaScript, which may be compiled TypeScript, has to run as CommonJS. Node runs every file without imports and
 * exports that way. A file that neither uses a variable of CommonJS nor needs sloppy mode runs as a module of Vite instead:
 * plugins see its `import()`s, and it can be updated.
 */
export function needsCommonJs(code: string): boolean {
  if (!isCommonJsCode(code)) return false
  return VARIABLE.test(code.replace(PROSE, '""')) || !isStrictScript(code)
}

/** `true` if `code` needs no sloppy mode and has no `return` outside of functions: it could be an ES module as well. */
function isStrictScript(code: string): boolean {
  try {
    new Script(`'use strict';${code.replace(/^#!/, '//')}`)
    return true
  } catch {
    // the caller knows that the code is valid CommonJS: the error can only come from strict mode or from being no function body
    return false
  }
}

/** The `type` of the package that a folder belongs to; `''` if it says nothing. */
function packageType(folder: string, types: Map<string, string> | undefined): string {
  const known = types?.get(folder)
  if (known !== undefined) return known
  const type = readType(folder) ?? (dirname(folder) === folder ? '' : packageType(dirname(folder), types))
  types?.set(folder, type)
  return type
}

function readType(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type?: string }).type ?? ''
  } catch {
    // there is no package.json here, or it is half written: the next one up decides
    return undefined
  }
}
