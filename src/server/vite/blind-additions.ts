/**
 * Catches new files that Vite's watcher swallows at its start: an import or an entry has no file, then the file is made, then the
 * watcher reads its folder for the first time and takes the new file for one of those that it has begun with. The importer would
 * wait for ever. Its event `ready` does not end that: of a folder that it was given twice it may still read. And those that it does not
 * know: it reads a folder, then a file is made there, then it watches the folder.
 */
import { EventEmitter } from 'node:events'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import type { ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'
import { entriesOf, statOf } from '../../shared/util/file-stats.ts'

/** Milliseconds until the watcher's files are looked at. Each further wait is twice as long. */
const FIRST = 50
/** No folder is read for the first time after a wait of this many milliseconds. */
const LAST = 6000

/** How often the watcher is asked about a file that it does not know. */
const TIMES = 3

/** Has whoever watches a folder (but does not poll it) read it again: the mode is set to what it is. */
function touch(folder: string, mode: number): void {
  // the system takes this bit from a folder whose group its owner is not in
  if ((mode & 0o2000) !== 0) return
  try {
    chmodSync(folder, mode & 0o7777)
  } catch {
    // another user's
  }
}

/** Reports files as new that the watcher, which has just begun, has found and that are younger than it. */
export function catchBlindAdditions({ config, watcher, environments }: ViteDevServer): void {
  // nobody has looked for anything yet: a file that is older, be it by a moment, is found
  const began = Date.now()
  const told = new Set<string>()
  /** File -> how often the watcher was asked about it. */
  const asked = new Map<string, number>()
  // one that was saved is seen, and may be younger than it looks: editors replace the file
  const tell = (_: string, file: string) => void told.add(file)
  watcher.on('all', tell)

  /** It was there when somebody looked for it: as an addition it would be an update of what runs already. */
  const isLoaded = (file: string) =>
    Object.values(environments).some(({ moduleGraph }) =>
      [...(moduleGraph.getModulesByFile(slash(file)) ?? [])].some(({ transformResult }) => transformResult !== null),
    )

  /** Of others the watcher knows only the files that it was given. */
  const isOwn = (folder: string) => `${slash(folder)}/`.startsWith(`${config.root}/`)

  /** `true` if there are names that the watcher does not know. It may not have begun when it is asked, and there are some that it ignores. */
  function hasUnknown(folder: string, names: string[]): boolean {
    const known = new Set(names)
    const unknown = entriesOf(folder).filter((name) => !known.has(name))
    const files = unknown.map((name) => join(folder, name)).filter((file) => (asked.get(file) ?? 0) < TIMES)
    for (const file of files) asked.set(file, (asked.get(file) ?? 0) + 1)
    return files.length > 0
  }

  function look(wait: number): void {
    for (const [folder, names] of Object.entries(watcher.getWatched())) {
      const { mtimeMs = 0, mode = 0 } = statOf(folder) ?? {}
      // most are as old as the project
      if (mtimeMs < began) continue
      if (isOwn(folder) && hasUnknown(folder, names)) touch(folder, mode)
      for (const file of names.map((name) => join(folder, name)).filter((file) => !told.has(file))) {
        const stats = statOf(file)
        if (!stats?.isFile() || stats.birthtimeMs < began) continue
        told.add(file)
        if (isLoaded(file)) continue
        EventEmitter.prototype.emit.call(watcher, 'add', file, stats)
        EventEmitter.prototype.emit.call(watcher, 'all', 'add', file, stats)
      }
    }
    if (wait < LAST) setTimeout(look, 2 * wait, 2 * wait).unref()
    else {
      watcher.off('all', tell)
      told.clear()
    }
  }
  setTimeout(look, FIRST, FIRST).unref()
}
