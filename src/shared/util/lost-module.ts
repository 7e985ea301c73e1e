/** Finds the module that an import meant until its file went. Vite leaves the specifier as it is written then. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { importName, slash } from './file-path.ts'
import { isGone, realPathOf } from './file-stats.ts'

/** The name of a package in front of a specifier. */
export const PACKAGE = /^(?:@[\w.-]+\/)?\w[\w.-]*(?=\/|$)/

/**
 * That one of `imported`, the modules that `importer` has imported before, which is gone and which `specifier` can have meant: a file
 * of a linked package, or one behind an alias. Relative specifiers need no search.
 */
export function lostModule(specifier: string, importer: string, imported: Iterable<string>): string | undefined {
  const gone = [...imported].filter(isGone)
  if (gone.length === 0 || /^[./\0]/.test(specifier)) return undefined
  const [name] = PACKAGE.exec(specifier) ?? []
  const folders = name === undefined ? [] : foldersOf(name, importer).map((folder) => slash(realPathOf(folder)))
  const last = posix.basename(importName(specifier))
  return gone.find((id) => folders.some((folder) => id.startsWith(`${folder}/`)) || importName(id).endsWith(`/${last}`))
}

/** The folders in which an import in the file `importer` may find a package: the package itself may import itself by its name. */
export function foldersOf(name: string, importer: string): string[] {
  const above = new Set([dirname(importer), dirname(realPathOf(importer))].flatMap(upwards))
  return [...above].flatMap((folder) => {
    const installed = join(folder, 'node_modules', name)
    return [...(nameOf(folder) === name ? [folder] : []), ...(existsSync(installed) ? [installed] : [])]
  })
}

function upwards(folder: string): string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...upwards(above)]
}

function nameOf(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }).name
  } catch {
    // most folders have none
    return undefined
  }
}
