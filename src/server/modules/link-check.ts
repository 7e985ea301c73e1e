/**
 * Links a graph without running it: finds an import of a name that its module does not export. The process that runs would be given up
 * for one that could not start. A module whose names only its run tells (CommonJS, packages) is believed to have any.
 */
import { type FlatError, flattenError } from '../../shared/errors.ts'
import { type AllExports, allExportsOf, type ExportingModule } from '../../shared/exported-names.ts'
import { missingExport } from '../../shared/missing-export.ts'
import { exportsOf, type ImportStatement, importsOf, isMaybeType } from '../../shared/transformed-code.ts'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'

interface LinkedModule extends ExportingModule {
  /** The static imports of app modules by name. */
  readonly imports: readonly ImportStatement[]
}

/** Names and imports that were read off each record. A cache: a restart is about a few modules of a graph that may have thousands. */
const read = new WeakMap<ModuleRecord, LinkedModule>()

/**
 * The error of the first import in `graph` of a name that is not there, in the words of the runner's linker. Only imports in which one of
 * `news` takes part count: what is linked already is linked again, and an optional part of the app that it has tried to
 * load in vain is no reason to refuse another save.
 */
export function findMissingName(
  graph: ReadonlyMap<ModuleId, ModuleRecord>,
  news: readonly ModuleRecord[],
): FlatError | undefined {
  const fresh = new Set(news.map(({ id }) => id))
  const known = new Map<ModuleId, AllExports & { isFresh: boolean }>()
  const moduleOf = (id: ModuleId) => {
    const record = graph.get(id)
    return record && linkedModuleOf(record)
  }
  const exportsBehind = (id: ModuleId) => {
    const seen = new Set<ModuleId>()
    const found = known.get(id) ?? {
      ...allExportsOf(id, moduleOf, seen),
      isFresh: [...seen].some((each) => fresh.has(each)),
    }
    known.set(id, found)
    return found
  }
  // most modules are none of this, and are not read for it
  const isTouched = (id: ModuleId) => fresh.has(id) || (hasStars(graph.get(id)) && exportsBehind(id).isFresh)
  for (const record of graph.values()) {
    const { id, url, file, code, deps } = record
    if (!fresh.has(id) && !Object.values(deps).some(isTouched)) continue
    for (const { specifier, names } of linkedModuleOf(record).imports) {
      const exports = exportsBehind(deps[specifier]!)
      if (exports.open || !(exports.isFresh || fresh.has(id))) continue
      const importer = { file: file ?? url, url }
      const name = (names as readonly string[]).find(
        (each) => !exports.names.has(each) && !isMaybeType(code, specifier, each, importer.file),
      )
      if (name === undefined) continue
      return flattenError(missingExport(name, specifier, 'module', importer, exports.names.keys()))
    }
  }
  return undefined
}

function hasStars(record: ModuleRecord | undefined): boolean {
  return record?.code.includes('__vite_ssr_exportAll__') === true
}

function linkedModuleOf(record: ModuleRecord): LinkedModule {
  const known = read.get(record)
  if (known) return known
  const { code, deps } = record
  const target = (specifier: string) => (Object.hasOwn(deps, specifier) ? deps[specifier] : undefined)
  const isLinked = ({ specifier, names }: ImportStatement) =>
    target(specifier) !== undefined && names !== '*' && names.length > 0
  const module: LinkedModule =
    record.format === 'commonjs'
      ? { imports: [], exports: { names: new Set(), stars: [], open: true }, target }
      : { imports: importsOf(code).filter(isLinked), exports: exportsOf(code), target }
  read.set(record, module)
  return module
}
