/**
 * Catches new files that Vite's watcher swallows at its start: an import or an entry has no file, then the file is made, then the
 * watcher reads its folder for the first time and takes the new file for one of those that it has begun with. The importer would
 * wait for ever. Its event `ready` does not end that: of a folder that it was given twice it may still read.
 */
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import type { ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'
import { statOf } from '../../shared/util/file-stats.ts'

/** Milliseconds until the watcher's files are looked at. Each further wait is twice as long. */
const FIRST = 50
/** No folder is read for the first time after a wait of this many milliseconds. */
const LAST = 6000

/** Reports files as new that the watcher, which has just begun, has found and that are younger than it. */
export function catchBlindAdditions({ watcher, environments }: ViteDevServer): void {
  // nobody has looked for anything yet: a file that is older, be it by a moment, is found
  const began = Date.now()
  const told = new Set<string>()
  // one that was saved is seen, and may be younger than it looks: editors replace the file
  const tell = (_: string, file: string) => void told.add(file)
  watcher.on('all', tell)

  /** It was there when somebody looked for it: as an addition it would be an update of what runs already. */
  const isLoaded = (file: string) =>
    Object.values(environments).some(({ moduleGraph }) =>
      [...(moduleGraph.getModulesByFile(slash(file)) ?? [])].some(({ transformResult }) => transformResult !== null),
    )

  function look(wait: number): void {
    for (const [folder, names] of Object.entries(watcher.getWatched())) {
      // most are as old as the project
      if ((statOf(folder)?.mtimeMs ?? 0) < began) continue
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
