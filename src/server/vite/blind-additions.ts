/**
 * Catches new files that Vite's watcher swallows at its start: an import or an entry has no file, then the file is made, then the
 * watcher reads its folder for the first time and takes the new file for one of those that it has begun with. The importer would
 * wait for ever. Its event `ready` does not end that: of a folder that it was given twice it may still read.
 */
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import type { ViteDevServer } from 'vite'
import { statOf } from '../../shared/util/file-stats.ts'

/** Milliseconds until the watcher's files are looked at. Each further wait is twice as long. */
const FIRST = 50
/** No folder is read for the first time after a wait of this many milliseconds. */
const LAST = 15_000
/** Milliseconds by which the time of a file may lag behind our clock. */
const COARSE = 50

/** Reports files as new that `watcher`, which has just begun, has found and that are younger than it. */
export function catchBlindAdditions(watcher: ViteDevServer['watcher']): void {
  const began = Date.now() - COARSE
  const told = new Set<string>()
  const tell = (file: string) => void told.add(file)
  watcher.on('add', tell)

  function look(wait: number): void {
    for (const [folder, names] of Object.entries(watcher.getWatched())) {
      // most are as old as the project
      if ((statOf(folder)?.mtimeMs ?? 0) < began) continue
      for (const file of names.map((name) => join(folder, name)).filter((file) => !told.has(file))) {
        const stats = statOf(file)
        if (!stats?.isFile() || stats.birthtimeMs < began) continue
        told.add(file)
        EventEmitter.prototype.emit.call(watcher, 'add', file, stats)
        EventEmitter.prototype.emit.call(watcher, 'all', 'add', file, stats)
      }
    }
    if (wait < LAST) setTimeout(look, 2 * wait, 2 * wait).unref()
    else {
      watcher.off('add', tell)
      told.clear()
    }
  }
  setTimeout(look, FIRST, FIRST).unref()
}
