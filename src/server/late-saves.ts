/**
 * Vite's watcher swallows a change that follows another of the same file within 50 ms: of two quick saves it may report only
 * the first, and the old content would stay live.
 */
import { type Stats, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ViteDevServer } from 'vite'

/** Milliseconds after a reported change until the file is looked at again: a little longer than the watcher is deaf. */
const DEAF = 60

const guarded = new WeakSet<ViteDevServer['watcher']>()
/** Files that were empty when their save was reported, as they were right before Vite got their content. */
const filled = new Map<string, Stats>()

const keyOf = (file: string) => file.replaceAll('\\', '/')

/** A file that a save had emptied has got its content, and Vite has it; `stats` are from before it was read. */
export function noteContent(file: string, stats: Stats): void {
  filled.set(keyOf(file), stats)
}

/**
 * Reports a change again if the file was written once more while the watcher was deaf to it. A watcher that was not deaf but
 * late (one that polls, or one that is at it right now) would report that save too: it is one change all the same.
 */
export function catchLateSaves(watcher: ViteDevServer['watcher']): void {
  if (guarded.has(watcher)) return
  guarded.add(watcher)
  const timers = new Map<string, NodeJS.Timeout>()
  /** The late saves that were reported from here. */
  const told = new Map<string, Stats>()
  // its types list the arguments of each event; here they are passed on as they are
  const emit = watcher.emit as (...args: unknown[]) => boolean

  async function check(file: string, reported: Stats): Promise<void> {
    timers.delete(file)
    const now = await stat(file).catch(() => undefined)
    const read = filled.get(keyOf(file)) ?? reported
    filled.delete(keyOf(file))
    // a file that is gone is reported as such
    if (!now || isSame(now, read) || timers.has(file)) return
    told.set(file, now)
    emit.call(watcher, 'change', file, now)
    emit.call(watcher, 'all', 'change', file, now)
  }

  watcher.emit = (...args: unknown[]) => {
    const [event, file, stats] = args[0] === 'all' ? args.slice(1) : args
    const known = event === 'change' ? told.get(file as string) : undefined
    if (known && stats && isSame(known, stats as Stats)) return false
    return emit.apply(watcher, args)
  }

  watcher.on('change', (file: string) => {
    clearTimeout(timers.get(file))
    filled.delete(keyOf(file))
    // not those of the event: they may be from the middle of a save, and Vite reads the file only after this
    const stats = statSync(file, { throwIfNoEntry: false })
    if (stats) timers.set(file, setTimeout(check, DEAF, file, stats).unref())
  })
}

function isSame(one: Stats, other: Stats): boolean {
  return one.mtimeMs === other.mtimeMs && one.size === other.size
}
