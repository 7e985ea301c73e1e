/** Finds the file that an entry means, and says what is wrong with one that means none. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { TetherError } from '../../shared/errors.ts'
import { slash, toFsUrl } from '../../shared/util/file-path.ts'
import { didYouMeanFile } from '../../shared/util/nearest.ts'

/** The extensions that Vite tries, in its order. */
const EXTENSIONS = ['', '.mjs', '.js', '.mts', '.ts', '.jsx', '.tsx', '.json']

/**
 * The entry's real path. `entry` is a path relative to `root`, or absolute; of a folder it means the `main` of its package.json,
 * or its index, as under node. Throws `ERR_ENTRY`.
 */
export function resolveEntry(entry: string, root: string): string {
  const path = resolve(root, entry)
  const found = findFile(path) ?? findFile(join(path, mainOf(path) ?? 'index')) ?? findFile(join(path, 'index'))
  if (found !== undefined) return realpathSync(found)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new TetherError(
      'ERR_ENTRY',
      `Expected the entry '${entry}' to be a file, got a directory: ${path}. Name the file in it to run.`,
    )
  }
  const where = entry === path ? '' : `: looked for ${path}`
  throw new TetherError(
    'ERR_ENTRY',
    `The entry '${entry}' does not exist${where}. Entries are relative to Vite's root, ${root}.${didYouMeanFile(path)} Correct the path or create the file.`,
  )
}

function findFile(path: string): string | undefined {
  return EXTENSIONS.map((extension) => path + extension).find((file) =>
    statSync(file, { throwIfNoEntry: false })?.isFile(),
  )
}

function mainOf(folder: string): string | undefined {
  try {
    const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { main?: unknown }
    return typeof main === 'string' ? main : undefined
  } catch {
    // there is none
    return undefined
  }
}

/** The URL under which Vite serves a file. */
export function toUrl(file: string, root: string): string {
  const path = slash(file)
  return path.startsWith(`${root}/`) ? path.slice(root.length) : toFsUrl(path)
}
