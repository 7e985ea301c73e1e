/** Questions to the file system. */
import { existsSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs'
import { posix } from 'node:path'
import { importName, isFilePath } from './file-path.ts'

/** The stats of a file; `undefined` if there is no such file, or if `path` is not a path (the id of a virtual module). */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** `true` for a pipe or a device: whoever reads it waits for its other end, and takes what was meant for another reader. */
export function isPipe(path: string): boolean {
  const stats = statOf(path)
  return stats !== undefined && !stats.isFile() && !stats.isDirectory()
}

/** `true` if there is no such file (any more); `false` for what is no path (the id of a virtual module). */
export function isGone(path: string | null): boolean {
  return path !== null && isFilePath(path) && !existsSync(path)
}

/** The text of a file; `undefined` if it is gone, not this user's to read, or no file (a virtual module). */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** The names in a folder; none if there is no such folder, or if this user may not read it. */
export function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The files with this {@link importName}: of any extension, or the index of a folder. */
export function filesNamed(name: string): Map<string, Stats> {
  const paths = [posix.dirname(name), name].flatMap((folder) =>
    entriesOf(folder).map((entry) => posix.join(folder, entry)),
  )
  return new Map(
    paths.flatMap((path): [string, Stats][] => {
      const stats = importName(path) === name ? statOf(path) : undefined
      return stats?.isFile() ? [[path, stats]] : []
    }),
  )
}

/** The real path of a file; `file` itself if there is none. Synchronous: a promise for each file would take longer than the rest. */
export function realPathOf(file: string): string {
  try {
    return realpathSync.native(file)
  } catch {
    return file
  }
}

/** Tells a file from all others, whatever paths lead to it; `undefined` as with {@link statOf}. */
export function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}
