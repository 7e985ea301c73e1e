/**
 * Finds an import of a package that is installed nowhere, or that is not built: the next process could not start, and the one that runs
 * would be given up for it. Vite leaves such imports to Node. Whatever Node may find after all is left to it, too.
 */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { type FlatError, flattenError, TetherError } from '../../shared/errors.ts'
import { atImport } from '../../shared/import-place.ts'
import type { ModuleRecord } from '../../shared/types.ts'
import { importName } from '../../shared/util/file-path.ts'
import { filesNamed, statOf } from '../../shared/util/file-stats.ts'
import { foldersOf, PACKAGE } from '../../shared/util/lost-module.ts'
import { didYouMeanFile } from '../../shared/util/nearest.ts'
import { entryFault } from './package-entry.ts'

const STATIC_IMPORT = /\b__vite_ssr_import__\((["'])([^"'\n]+)\1/g

/** The files that a specifier may mean by the paths of the importer's tsconfig.json. */
export type FilesByPaths = (specifier: string, importer: string) => Promise<string[]>

/** The error of the first import in `records` that names a package, or a path of tsconfig.json, which is not there. */
export async function findMissingPackage(
  records: Iterable<ModuleRecord>,
  byPaths: FilesByPaths,
): Promise<FlatError | undefined> {
  const seen = new Set<string>()
  for (const { file, format, code } of records) {
    if (file === null || format === 'commonjs') continue
    for (const [, , specifier = ''] of code.matchAll(STATIC_IMPORT)) {
      const key = `${posix.dirname(file)} ${specifier}`
      const error = seen.has(key) ? undefined : await packageError(specifier, file, byPaths)
      if (error) return error
      seen.add(key)
    }
  }
  return undefined
}

/** The error of an import of `specifier` that Vite has left to Node, if it names a package, or a path of tsconfig.json, which is not there. */
export async function packageError(
  specifier: string,
  importer: string,
  byPaths: FilesByPaths,
): Promise<FlatError | undefined> {
  // its module `keep` is given by the runner, wherever it is installed
  const isOther = /^(?:[./#\0]|[\w.+-]+:|vite-tether(?:\/|$))/.test(specifier)
  if (isOther || isBuiltin(specifier)) return undefined
  const [name] = PACKAGE.exec(specifier) ?? []
  const folders = name === undefined ? [] : foldersOf(name, importer)
  if (folders.length > 0) return missing('package', specifier, faultOf(specifier, name!, folders), importer)
  const files = await byPaths(specifier, importer)
  // what is there and Vite has not taken is left to Node
  if (files.some((file) => statOf(file) || filesNamed(importName(file)).size > 0)) return undefined
  const [best] = files
  if (best !== undefined) {
    const orInstall = name === undefined ? '' : ` If it is a package: npm install ${name}.`
    const fault = `By the paths of tsconfig.json it means ${files.join(' or ')}, which does not exist.${didYouMeanFile(best)}${orInstall}`
    return missing('module', specifier, fault, importer)
  }
  return missing('package', specifier, name && `It must be installed: npm install ${name}.`, importer)
}

/** Why an import of a package in `folders` fails; `undefined` if Node may find it. */
function faultOf(specifier: string, name: string, folders: readonly string[]): string | undefined {
  const [fault, ...others] = folders.map((folder) => entryFault(folder, `.${specifier.slice(name.length)}`))
  if (fault === undefined || others.includes(undefined)) return undefined
  return `The package is there, but ${fault}. Is it built?`
}

function missing(
  what: 'package' | 'module',
  specifier: string,
  fault: string | undefined,
  importer: string,
): FlatError | undefined {
  if (fault === undefined) return undefined
  const error = new TetherError(
    'ERR_MODULE_NOT_FOUND',
    `Cannot find ${what} '${specifier}' imported from '${importer}'. ${fault}`,
  )
  return flattenError(atImport(error, importer, specifier))
}
