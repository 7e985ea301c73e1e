/**
 * Catches saves that Vite's watcher cannot see: Vite reads a file, then the file is saved, then the watcher begins to watch it and
 * takes the saved file for the original. There are some 100 ms for that at the start and at each in-process restart (the former
 * watcher is closed by then), and a moment for each file outside of the root, which is watched only after its transform.
 */
import type { Stats } from 'node:fs'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import type { ViteDevServer } from 'vite'
import { statOf } from '../../shared/util/file-stats.ts'
import { isSame, reportSave } from './late-saves.ts'

/** Milliseconds until the watcher is first asked if it watches a file. Each further wait is twice as long. */
const FIRST = 50
/** A file that is not watched after this many milliseconds is never going to be: it is given up. */
const LAST = 30_000

/** The catcher of one watcher's blind saves. */
export interface BlindSaves {
  /** Vite is about to read the file of this module. */
  reading(id: string): void
}

/** Reports a change of each file that was saved between Vite's read and the moment at which `watcher` begins to watch it. */
export function catchBlindSaves(watcher: ViteDevServer['watcher']): BlindSaves {
  /** Files that may not be watched yet, with their stats from before Vite read them. */
  const read = new Map<string, Stats>()
  /** Files that wait for the next timer, which is shared by all files of a moment. */
  let fresh = new Set<string>()

  function look(files: Iterable<string>, wait: number): void {
    const watched = new Map(Object.entries(watcher.getWatched()).map(([folder, names]) => [folder, new Set(names)]))
    const left: string[] = []
    for (const file of files) {
      const before = read.get(file)
      if (!before) continue
      if (watched.get(dirname(file))?.has(basename(file))) {
        read.delete(file)
        const now = statOf(file)
        if (now && !isSame(now, before)) reportSave(watcher, file, now)
      } else if (wait < LAST) left.push(file)
      else read.delete(file)
    }
    if (left.length > 0) setTimeout(look, wait, left, 2 * wait).unref()
  }

  // an event shows that the watcher sees the file; a save right after it is a matter of `late-saves`
  watcher.on('all', (_, file) => void read.delete(file))

  return {
    reading(id) {
      const path = id.replace(/[?#].*$/, '')
      // the watcher has paths in the system's own form
      const file = isAbsolute(path) ? resolve(path) : undefined
      // synchronous: an asynchronous stat could see a save that comes after Vite's read
      const stats = file && statOf(file)
      if (!stats) return
      if (fresh.size === 0) {
        setTimeout(() => {
          const files = fresh
          fresh = new Set()
          look(files, FIRST)
        }, FIRST).unref()
      }
      read.set(file, stats)
      fresh.add(file)
    },
  }
}
