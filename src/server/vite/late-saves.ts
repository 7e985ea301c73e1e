/**
 * Vite's watcher swallows a change that follows another of the same file within 50 ms: of two quick saves it may report only
 * the first, and the old content would stay live.
 */
import { EventEmitter } from 'node:events'
import { type Stats, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'

/** Milliseconds after a reported change until the file is looked at again: a little longer than the watcher is deaf. */
const DEAF = 60

/** Watcher -> the saves that were reported instead of it. */
const reported = new WeakMap<ViteDevServer['watcher'], Map<string, Stats>>()
/** Files that may be saved once more unnoticed -> what Vite has read of them since the save that was reported. */
const reading = new Map<string, Set<string>>()

/** Vite has read a file. */
export function noteContent(file: string, content: string): void {
  reading.get(slash(file))?.add(content)
}

/**
 * Reports a change again if the file was written once more while the watcher was deaf to it. A watcher that was not deaf but
 * late (one that polls, or one that is at it right now) would report that save too: it is one change all the same.
 */
export function catchLateSaves(watcher: ViteDevServer['watcher']): void {
  if (reported.has(watcher)) return
  const told = new Map<string, Stats>()
  reported.set(watcher, told)
  const timers = new Map<string, NodeJS.Timeout>()
  // its types list the arguments of each event; here they are passed on as they are
  const emit = watcher.emit as (...args: unknown[]) => boolean

  async function check(file: string, known: Stats): Promise<void> {
    timers.delete(file)
    const contents = reading.get(slash(file))
    reading.delete(slash(file))
    const now = await stat(file).catch(() => undefined)
    // a file that is gone is reported as such
    if (!now || isSame(now, known) || (await isContent(file, contents)) || timers.has(file)) return
    reportSave(watcher, file, now)
  }

  watcher.emit = (...args: unknown[]) => {
    const [event, file, stats] = args[0] === 'all' ? args.slice(1) : args
    const known = event === 'change' ? told.get(file as string) : undefined
    if (known && stats && isSame(known, stats as Stats)) return false
    return emit.apply(watcher, args)
  }

  watcher.on('change', (file: string) => {
    clearTimeout(timers.get(file))
    // not those of the event: they may be from the middle of a save, and Vite reads the file only after this
    const stats = statSync(file, { throwIfNoEntry: false })
    if (!stats) return
    reading.set(slash(file), new Set())
    timers.set(file, setTimeout(check, DEAF, file, stats).unref())
  })
}

/** Reports a save that the watcher has missed; if it finds it in the end, that is not told again. */
export function reportSave(watcher: ViteDevServer['watcher'], file: string, now: Stats): void {
  // not that of the watcher, which keeps back what was told
  const { emit } = EventEmitter.prototype
  reported.get(watcher)?.set(file, now)
  emit.call(watcher, 'change', file, now)
  emit.call(watcher, 'all', 'change', file, now)
}

/** The save was under way when it was reported, and complete when Vite read the file. */
async function isContent(file: string, contents: ReadonlySet<string> = new Set()): Promise<boolean> {
  if (contents.size === 0) return false
  const content = await readFile(file, 'utf8').catch(() => undefined)
  return [...contents].every((each) => each === content)
}

/** Nobody has written the file between the two. */
export function isSame(one: Stats, other: Stats): boolean {
  return one.mtimeMs === other.mtimeMs && one.size === other.size
}
