/**
 * Finds an import of a package that is installed nowhere, or that is not built: the next process could not start, and the one that runs
 * would be given up for it. Vite leaves such imports to Node. Whatever Node may find after all is left to it, too.
 */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { type FlatError, flattenError, TetherError } from '../../shared/errors.ts'
import { importPlace } from '../../shared/import-place.ts'
import type { ModuleRecord } from '../../shared/types.ts'
import { foldersOf, PACKAGE } from '../../shared/util/lost-module.ts'
import { entryFault } from './package-entry.ts'

const STATIC_IMPORT = /\b__vite_ssr_import__\((["'])([^"'\n]+)\1/g

/** The error of the first import in `records` that names a package which is not there. */
export function findMissingPackage(records: Iterable<ModuleRecord>): FlatError | undefined {
  const seen = new Set<string>()
  for (const { file, format, code } of records) {
    if (file === null || format === 'commonjs') continue
    for (const [, , specifier = ''] of code.matchAll(STATIC_IMPORT)) {
      const key = `${posix.dirname(file)} ${specifier}`
      const error = seen.has(key) ? undefined : packageError(specifier, file)
      if (error) return error
      seen.add(key)
    }
  }
  return undefined
}

/** The error of an import of `specifier`, if it names a package which is not there. */
export function packageError(specifier: string, importer: string): FlatError | undefined {
  const [name] = PACKAGE.exec(specifier) ?? []
  // its module `keep` is given by the runner, wherever it is installed
  if (name === undefined || name === 'vite-tether' || isBuiltin(specifier)) return undefined
  const fault = faultOf(specifier, name, importer)
  return fault === undefined ? undefined : missing(specifier, fault, importer)
}

/** Why an import of a package fails, and what to do; `undefined` if Node may find it. */
function faultOf(specifier: string, name: string, importer: string): string | undefined {
  const folders = foldersOf(name, importer)
  if (folders.length === 0) return `It must be installed: npm install ${name}.`
  const [fault, ...others] = folders.map((folder) => entryFault(folder, `.${specifier.slice(name.length)}`))
  if (fault === undefined || others.includes(undefined)) return undefined
  return `The package is there, but ${fault}. Is it built?`
}

function missing(specifier: string, fault: string, importer: string): FlatError {
  const error = new TetherError(
    'ERR_MODULE_NOT_FOUND',
    `Cannot find package '${specifier}' imported from '${importer}'. ${fault}`,
  )
  const place = importPlace(importer, specifier)
  if (place) error.stack = `${error}\n    at ${place.file}:${place.line}:${place.column}`
  return flattenError(error)
}
