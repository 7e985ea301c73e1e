/**
 * Whether a file is CommonJS: by its extension, by the package it belongs to, and by its syntax, as Node decides.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compileFunction, Script } from 'node:vm'

/** What a file's extension and its package say of it; `undefined` where only its syntax can tell. */
export type DeclaredFormat = 'commonjs' | 'module' | undefined

/** Variables that only CommonJS modules have. */
const VARIABLES = ['exports', 'require', 'module', '__filename', '__dirname']
const VARIABLE = new RegExp(`(?<![.\\w$])(?:${VARIABLES.join('|')})\\b`)
/** Comments and strings, where words mean nothing. */
const PROSE = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g

/**
 * What is declared for `file`, an absolute path. A package without `"type": "module"` declares nothing: its files may be
 * either. `types` remembers the types of packages, for callers to whom they cannot change.
 */
export function declaredFormat(file: string, types?: Map<string, string>): DeclaredFormat {
  const kind = /\.([cm])[jt]s$/.exec(file)?.[1]
  if (kind !== undefined) return kind === 'c' ? 'commonjs' : 'module'
  return packageType(dirname(file), types) === 'module' ? 'module' : undefined
}

/** Whether JavaScript can be run as CommonJS: it has no `import` or `export`, no `import.meta` and no top-level await. */
export function isCommonJsCode(code: string): boolean {
  return syntaxErrorOf(code) === undefined
}

/** What V8 has against `code` as the body of a CommonJS module. */
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
 * Whether JavaScript, which may be compiled TypeScript, has to be run as CommonJS. Node would run every file without imports
 * and exports that way. One that neither uses what CommonJS gives it nor needs sloppy mode is better off as a module of Vite:
 * plugins see its `import()`s, and it can be updated.
 */
export function needsCommonJs(code: string): boolean {
  if (!isCommonJsCode(code)) return false
  return VARIABLE.test(code.replace(PROSE, '""')) || !isStrictScript(code)
}

/** Without sloppy mode and without a `return` outside of functions: what is left of CommonJS code could be a module. */
function isStrictScript(code: string): boolean {
  try {
    new Script(`'use strict';${code.replace(/^#!/, '//')}`)
    return true
  } catch {
    // whatever V8 has against it, it does not have it against CommonJS
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
    // there is none, or it is being written: the next one up decides
    return undefined
  }
}
