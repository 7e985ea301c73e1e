/**
 * Finds an import of a package that is installed nowhere: the next process could not start, and the one that runs would be given up for
 * it. Vite leaves such imports to Node. Whatever Node may find after all is left to it, too.
 */
import { existsSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { type FlatError, flattenError, TetherError } from '../../shared/errors.ts'
import { importPlace } from '../../shared/import-place.ts'
import type { ModuleRecord } from '../../shared/types.ts'
import { realPathOf } from './access.ts'

const STATIC_IMPORT = /\b__vite_ssr_import__\((["'])([^"'\n]+)\1/g
const PACKAGE = /^(?:@[\w.-]+\/)?\w[\w.-]*(?=\/|$)/

/** The error of the first import in `records` that names a package which is not there. */
export function findMissingPackage(records: Iterable<ModuleRecord>): FlatError | undefined {
  const isThere = new Map<string, boolean>()
  for (const { file, format, code } of records) {
    if (file === null || format === 'commonjs') continue
    for (const [, , specifier = ''] of code.matchAll(STATIC_IMPORT)) {
      const [name] = PACKAGE.exec(specifier) ?? []
      // its module `keep` is given by the runner, wherever it is installed
      if (name === undefined || name === 'vite-tether' || isBuiltin(specifier)) continue
      const key = `${posix.dirname(file)} ${name}`
      if (!isThere.has(key)) isThere.set(key, isInstalled(name, file))
      if (!isThere.get(key)) return missing(specifier, name, file)
    }
  }
  return undefined
}

function isInstalled(name: string, importer: string): boolean {
  const folders = new Set([dirname(importer), dirname(realPathOf(importer))].flatMap(upwards))
  return [...folders].some((folder) => existsSync(join(folder, 'node_modules', name)) || nameOf(folder) === name)
}

function upwards(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...upwards(above)]
}

/** The package whose folder this is: it may import itself by its name. */
function nameOf(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }).name
  } catch {
    // most folders have none
    return undefined
  }
}

function missing(specifier: string, name: string, importer: string): FlatError {
  const error = new TetherError(
    'ERR_MODULE_NOT_FOUND',
    `Cannot find package '${specifier}' imported from '${importer}'. It must be installed: npm install ${name}.`,
  )
  const place = importPlace(importer, specifier)
  if (place) error.stack = `${error}\n    at ${place.file}:${place.line}:${place.column}`
  return flattenError(error)
}
