/**
 * Catches a second save that Vite's watcher swallows: a file is saved and reported, then Vite reads it, then it is saved again within
 * 50 ms, and the watcher reports nothing. The content of the first save would stay live.
 */
import { EventEmitter } from 'node:events'
import type { Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'
import { statOf } from '../../shared/util/file-stats.ts'

/** Milliseconds after a reported change until the file is looked at again: a little more than the watcher's 50 ms. */
const DEAF = 60

/** Watcher -> the saves that were reported in its place. */
const reported = new WeakMap<ViteDevServer['watcher'], Map<string, Stats>>()
/** Files that may be saved again unnoticed -> contents that Vite has read since the reported save. */
const reading = new Map<string, Set<string>>()

/** Notes the content of a file that Vite has read. */
export function noteContent(file: string, content: string): void {
  reading.get(slash(file))?.add(content)
}

/**
 * Reports a change again if the file was written once more within the time in which the watcher swallows changes. A watcher that
 * reports this save, too, only later (one that polls) is kept from that: it is one change.
 */
export function catchLateSaves(watcher: ViteDevServer['watcher']): void {
  if (reported.has(watcher)) return
  const told = new Map<string, Stats>()
  reported.set(watcher, told)
  const timers = new Map<string, NodeJS.Timeout>()
  // the types list the arguments of each event; here all are passed on unchanged
  const emit = watcher.emit as (...args: unknown[]) => boolean

  async function check(file: string, known: Stats): Promise<void> {
    timers.delete(file)
    const contents = reading.get(slash(file))
    reading.delete(slash(file))
    const now = await stat(file).catch(() => undefined)
    // the watcher itself reports a file that is gone
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
    // not the stats of the event, which may be from the middle of a save; Vite reads the file only after this listener
    const stats = statOf(file)
    if (!stats) return
    reading.set(slash(file), new Set())
    timers.set(file, setTimeout(check, DEAF, file, stats).unref())
  })
}

/** Reports a save that the watcher has missed. If the watcher finds it later, it is not reported again. */
export function reportSave(watcher: ViteDevServer['watcher'], file: string, now: Stats): void {
  // not watcher.emit, which holds back saves that were reported here
  const { emit } = EventEmitter.prototype
  reported.get(watcher)?.set(file, now)
  emit.call(watcher, 'change', file, now)
  emit.call(watcher, 'all', 'change', file, now)
}

/** `true` if Vite has read the present content: the save was reported in its middle, then completed, then read. */
async function isContent(file: string, contents: ReadonlySet<string> = new Set()): Promise<boolean> {
  if (contents.size === 0) return false
  const content = await readFile(file, 'utf8').catch(() => undefined)
  return [...contents].every((each) => each === content)
}

/** `true` if the file was not written between the two stats. */
export function isSame(one: Stats, other: Stats): boolean {
  return one.mtimeMs === other.mtimeMs && one.size === other.size
}
