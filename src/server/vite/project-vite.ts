/**
 * Finds and loads the project's Vite. A linked, global or npx'd vite-tether has a copy of its own in reach, whose environments,
 * caches and plugins would not be those of the server: so no file of this package imports 'vite' itself.
 */
import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The exports of Vite. */
export type Vite = typeof import('vite')

/** A copy of Vite on the disk. */
export interface FoundVite {
  version: string
  /** Real path of the package. */
  path: string
}

/** The Vite that an import in the file `from` would load. */
export function findVite(from: string): FoundVite | undefined {
  try {
    const file = createRequire(from).resolve('vite/package.json')
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
    return { version, path: realpathSync(dirname(file)) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Imports a copy of Vite, as the project's own config and plugins do: by its real path it is the same instance. */
export function importVite({ path }: FoundVite): Promise<Vite> {
  const from = join(path, 'package.json')
  return import(pathToFileURL(createRequire(from).resolve('vite')).href)
}

/** The copy whose server of `version` works for `root`: the project's, or else the one in reach of this package. */
export function chooseVite(root: string, version: string): FoundVite {
  const reach = [findVite(join(root, 'package.json')), findVite(fileURLToPath(import.meta.url))]
  const found = reach.filter((each) => each !== undefined)
  // the script that has made the server may have another Vite in reach than the folder that it serves
  return found.find((each) => each.version === version) ?? found[0]!
}
