/**
 * Finds an import of a name that a package or a builtin of Node does not export. Node itself is asked, in a thread that lasts for one
 * question: a longer one would know packages as they were. Where Node does not say for sure, the import is left to it.
 */
import { isBuiltin } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type FlatError, flattenError } from '../../shared/errors.ts'
import { missingExport } from '../../shared/missing-export.ts'
import { importsOf, isMaybeType } from '../../shared/transformed-code.ts'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { distUrl } from '../../shared/util/dist-files.ts'
import { PACKAGE } from '../../shared/util/lost-module.ts'

/** Milliseconds for the answer. A restart does not wait longer for it: the next process finds out by itself. */
const PATIENCE = 2000

/** An import of one name. `importer` is the URL of a file. */
export interface NamedImport {
  specifier: string
  name: string
  importer: string
}

/** The module that lacks a name. `names` are those that it has, if they can be known. */
export interface MissingName {
  format: 'module' | 'commonjs'
  names: string[]
}

/**
 * The error of the first import in `records` of a name that its package does not export. Imports that the records `before` of the same
 * modules have had are left out: a process has linked them.
 */
export async function findMissingPackageName(
  records: readonly ModuleRecord[],
  before: ReadonlyMap<ModuleId, ModuleRecord>,
): Promise<FlatError | undefined> {
  const wanted = records.flatMap((record) => {
    const known = new Set(namedImports(before.get(record.id)).map(keyOf))
    const fresh = namedImports(record).filter((each) => !known.has(keyOf(each)))
    return fresh.map((each) => ({ ...each, record }))
  })
  if (wanted.length === 0) return undefined
  const answers = await ask(wanted.map(({ record: _, ...each }) => each))
  for (const [index, missing] of answers.entries()) {
    if (!missing) continue
    const { specifier, name, record } = wanted[index]!
    const { url, code, interop } = record
    const file = record.file!
    // importers that are compiled to CommonJS read such a name when they use it: there is no error, only `undefined` if it is not there
    if (interop === 'compiled' && (missing.format === 'commonjs' || isBuiltin(specifier))) continue
    if (isMaybeType(code, specifier, name, file)) continue
    return flattenError(missingExport(name, specifier, missing.format, { file, url }, missing.names))
  }
  return undefined
}

/** The imports of a module from packages and builtins by name. */
function namedImports(record: ModuleRecord | undefined): NamedImport[] {
  if (!record || record.file === null || record.format === 'commonjs') return []
  const { file, code, deps } = record
  const importer = pathToFileURL(file).href
  return importsOf(code).flatMap(({ specifier, names }) => {
    const [name] = PACKAGE.exec(specifier) ?? []
    // its module `keep` is given by the runner, wherever it is installed
    const isNodes = !Object.hasOwn(deps, specifier) && name !== 'vite-tether' && (name || isBuiltin(specifier))
    return isNodes && names !== '*' ? names.map((each) => ({ specifier, name: each, importer })) : []
  })
}

const keyOf = ({ specifier, name }: NamedImport): string => `${specifier}\0${name}`

/** Has Node link these imports. An answer for each, or none at all. */
async function ask(imports: readonly NamedImport[]): Promise<readonly (MissingName | undefined)[]> {
  const thread = new Worker(new URL(distUrl('link-thread.js')), {
    workerData: imports,
    // the flag has import.meta.resolve() take the importer
    execArgv: ['--experimental-import-meta-resolve', '--no-warnings'],
    env: {},
  })
  const timer = setTimeout(() => void thread.terminate(), PATIENCE)
  try {
    return await new Promise((resolve) => {
      thread.on('message', resolve)
      // one that fails or is ended says nothing
      thread.on('error', () => resolve([]))
      thread.on('exit', () => resolve([]))
    })
  } finally {
    clearTimeout(timer)
    void thread.terminate()
  }
}
