/** Explains Vite's errors of modules that it does not load: names the importer, the reason and the way out. */
import { existsSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import type { ResolvedConfig } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import { atImport } from '../../shared/import-place.ts'
import type { ModuleId } from '../../shared/types.ts'
import { isFilePath, withoutQuery } from '../../shared/util/file-path.ts'
import { didYouMeanFile } from '../../shared/util/nearest.ts'
import { isAllowed } from '../vite/environment.ts'
import { explainSyntax } from './syntax-error.ts'

/** `true` if Vite found no file for a module, or may not read it. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_LOAD_URL'
}

/** Vite's own error for a URL that it cannot resolve. */
export function unresolved(url: string): Error {
  return Object.assign(new Error(`Vite resolves ${url} to nothing.`), { code: 'ERR_LOAD_URL' })
}

/** `true` if a module is on the deny list, or outside of the allow list. */
export function isDenied(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_DENIED_ID'
}

/** The error for a module that an attached runner may not have. */
export function denied(id: ModuleId, cause?: unknown): TetherError {
  return new TetherError(
    'ERR_MODULE_NOT_FOUND',
    `Vite may not serve '${id}': it is on the deny list (server.fs.deny) or outside the allow list (server.fs.allow).`,
    { cause },
  )
}

/** Vite's compiler names a tsconfig.json that is no JSON in the words of its parser. */
const BROKEN_TSCONFIG =
  /Failed to load tsconfig "(.+?)": JSONError \{.*?message: "(.*?)(?: at line \d+ column \d+)?", line: (\d+), column: (\d+)/

/** A character in the path of a file that exists, by which Vite takes it for another one. */
function unreadCharacter(config: ResolvedConfig, id: ModuleId): string | undefined {
  if (process.platform !== 'win32' && (config.root.includes('\\') || hasBackslash(config, id))) return "'\\'"
  const [mark] = /[#?]/.exec(id) ?? []
  return mark !== undefined && isFilePath(id) && existsSync(id) ? `'${mark}'` : undefined
}

/** `true` if a path would lead to a file with backslashes in the place of some of its slashes, which is all that ids have. */
function hasBackslash(config: ResolvedConfig, id: ModuleId): boolean {
  if (!isFilePath(id) || !isAllowed(config, id)) return false
  let folder = posix.dirname(id)
  while (!existsSync(folder)) folder = posix.dirname(folder)
  const written = (name: string) => posix.join(folder, name.replaceAll('\\', '/'))
  return readdirSync(folder).some((name) => name.includes('\\') && id.startsWith(written(name)))
}

/** Turns Vite's error of a tsconfig.json that is no JSON, or names one that is not there, into one with the place. Other errors stay as they are. */
export function explainTsconfig(error: unknown): unknown {
  const message = (error as Error | null)?.message ?? ''
  const [, base] = /^Tsconfig not found (.+)/.exec(message) ?? []
  const [, file, why, line, column] = BROKEN_TSCONFIG.exec(message) ?? []
  if (base === undefined && file === undefined) return error
  const text =
    file === undefined
      ? `Cannot find ${base}, which a tsconfig.json extends or refers to. Correct its "extends" or "references", or make or install what they name.`
      : `Vite cannot read ${file}:${line}:${column}: ${why}. Correct the JSON there, then save it.`
  return new TetherError('ERR_TRANSFORM', text, { cause: error })
}

/** Turns Vite's error of the module `id` into one that names the reason and the import. */
export function explain(config: ResolvedConfig, error: unknown, id: ModuleId, importer: ModuleId | undefined): unknown {
  if (isDenied(error)) return denied(id, error)
  if (!isMissing(error)) return explainSyntax(config, explainTsconfig(error), id)
  const { what = 'find', why, ...options } = reasonOf(config, error, id)
  const from = importer === undefined ? '' : ` imported from '${importer}'`
  const explained = new TetherError('ERR_MODULE_NOT_FOUND', `Cannot ${what} module '${id}'${from}${why}`, options)
  return importer === undefined ? explained : atImport(explained, withoutQuery(importer), id)
}

/** Why Vite has found no file for `id`, and what to do. */
function reasonOf(
  config: ResolvedConfig,
  cause: unknown,
  id: ModuleId,
): { what?: string; why: string; cause?: unknown } {
  // for an attached runner, `nodeFor` has refused such a file before: this is about a file that the app itself imports
  if (isFilePath(id) && !isAllowed(config, id) && existsSync(id)) {
    const folder = posix.relative(config.root, posix.dirname(id))
    // without Vite's own error, which asks whether the file exists
    return {
      what: 'load',
      why:
        ': the file lies outside of the folders that Vite may load from (server.fs.allow). ' +
        `Allow its folder in the Vite config: server: { fs: { allow: ['.', '${folder}'] } }.`,
    }
  }
  const unread = unreadCharacter(config, id)
  if (unread !== undefined) {
    return {
      what: 'load',
      why: `: Vite does not read the ${unread} in its path as part of a name. Rename the file or folder without it.`,
    }
  }
  const near = isFilePath(id) ? didYouMeanFile(id, (file) => isAllowed(config, file)) : ''
  return { why: `. Does the file exist?${near}`, cause }
}
