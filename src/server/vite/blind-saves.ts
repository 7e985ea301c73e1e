/**
 * Vite's watcher takes each file as it finds it: what is saved after Vite has read a file and before the watcher has come to it
 * is never reported. That is some 100 ms at the start and at each in-process restart (the watcher from before is closed by
 * then), and a moment for each file outside of the root, which is watched only once it was transformed.
 */
import type { Stats } from 'node:fs'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import type { ViteDevServer } from 'vite'
import { statOf } from '../../shared/util/file-stats.ts'
import { isSame, reportSave } from './late-saves.ts'

/** Milliseconds until the watcher is first asked for a file; each further time it is asked after twice as long. */
const FIRST = 50
/** It does not watch what it has not come to in that time. */
const LAST = 30_000

/** Saves that a watcher could not see. */
export interface BlindSaves {
  /** Vite is about to read the file of this module. */
  reading(id: string): void
}

/** Reports a change of each file that is another than when it was read by the time at which `watcher` begins to watch it. */
export function catchBlindSaves(watcher: ViteDevServer['watcher']): BlindSaves {
  /** Files that may not be watched yet, as they were before Vite read them. */
  const read = new Map<string, Stats>()
  /** Those that nobody looks after so far. */
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

  // from here on it sees the file; what is saved behind this very change is for `late-saves`
  watcher.on('all', (_, file) => void read.delete(file))

  return {
    reading(id) {
      const path = id.replace(/[?#].*$/, '')
      // for Vite's watcher too, a path is the system's own
      const file = isAbsolute(path) ? resolve(path) : undefined
      // at once: it has to be the file before it is read
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
