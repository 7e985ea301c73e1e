/**
 * Catches a second save that Vite's watcher swallows: a file is saved and reported, then Vite reads it, then it is saved again within
 * 50 ms, and the watcher reports nothing. The content of the first save would stay live.
 */
import { EventEmitter } from 'node:events'
import type { Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'
import { statOf, textOf } from '../../shared/util/file-stats.ts'

/** Milliseconds within which two writes may have the same time. */
const TICK = 20

/** Bytes of a file of which a copy is kept for so long. */
const SMALL = 1 << 20

/** Milliseconds after a reported change until the file is looked at again: a little more than the watcher's 50 ms. */
const DEAF = 60

/** A look at a file that was reported. */
interface Look {
  /** Of the moment of the report. */
  stats: Stats
  /** The text of then, if a write after it might have the same time. */
  content: string | undefined
  timer: NodeJS.Timeout
}

/** Watcher -> the saves that it is not to report again. */
const reported = new WeakMap<ViteDevServer['watcher'], Map<string, Stats>>()
/** Files that may be saved again unnoticed -> contents that Vite has read since the reported save. */
const reading = new Map<string, Set<string>>()

/** Notes the content of a file that Vite has read. */
export function noteContent(file: string, content: string): void {
  reading.get(slash(file))?.add(content)
}

/**
 * Reports a change again if the file was written once more within the time in which the watcher swallows changes. A watcher that
 * reports this save, too, only later (one that polls) is kept from that: it is one change. So is one that reports a save twice: on a busy
 * machine the two events of one write are far apart, and a change of a file's rights is none of its content.
 */
export function catchLateSaves(watcher: ViteDevServer['watcher']): void {
  if (reported.has(watcher)) return
  const told = new Map<string, Stats>()
  reported.set(watcher, told)
  const looks = new Map<string, Look>()
  /** The file of an event `change` that was held back: its `all` follows. */
  let held: string | undefined
  // the types list the arguments of each event; here all are passed on unchanged
  const emit = watcher.emit as (...args: unknown[]) => boolean

  /** Keeps the watcher from reporting a save again, if a write from now on would have another time. */
  function tellOnce(file: string, stats: Stats): void {
    // file systems that know only seconds never tell two writes apart
    if (stats.mtimeMs % 1000 !== 0 && !isFresh(stats)) told.set(file, stats)
  }

  /** `true` if this save was reported: it is known, or has just been, and will be known when the file was looked at. */
  function isReported(file: string, stats: Stats): boolean {
    const known = told.get(file)
    if (known && isSame(known, stats)) return true
    const look = looks.get(file)
    return look?.content !== undefined && isSame(look.stats, stats) && textOf(file) === look.content
  }

  function hold(file: string, stats: Stats): void {
    held = isReported(file, stats) ? file : undefined
    if (held === undefined) return
    // the watcher is deaf again from now on
    const { stats: known = stats, content } = looks.get(file) ?? {}
    lookLater(file, known, content)
  }

  function lookLater(file: string, stats: Stats, content: string | undefined): void {
    clearTimeout(looks.get(file)?.timer)
    if (!reading.has(slash(file))) reading.set(slash(file), new Set())
    const look: Look = { stats, content, timer: setTimeout(() => void check(file, look), DEAF).unref() }
    looks.set(file, look)
  }

  async function check(file: string, look: Look): Promise<void> {
    const contents = reading.get(slash(file))
    reading.delete(slash(file))
    const now = await stat(file).catch(() => undefined)
    const isKnown = now && isSame(now, look.stats) && !(await isRewritten(file, look.content))
    // who looks at files later (a watcher that polls, that of linked packages) would report it: modules would run again as they are
    const isRead = isKnown || (await isContent(file, contents))
    // reported once more meanwhile, it is to be looked at for that
    if (looks.get(file) !== look) return
    looks.delete(file)
    // the watcher itself reports a file that is gone
    if (!now) return
    if (isRead) return tellOnce(file, now)
    // The file is looked at, then it is saved, then its content is compared: the watcher is to know that save when it comes to it
    const latest = statOf(file)
    if (latest) reportSave(watcher, file, latest)
  }

  watcher.emit = (...args: unknown[]) => {
    const isAll = args[0] === 'all'
    const [event, file, stats] = isAll ? args.slice(1) : args
    if (event !== 'change' || !stats) return emit.apply(watcher, args)
    if (!isAll) hold(file as string, stats as Stats)
    if (held === file) {
      if (isAll) held = undefined
      return false
    }
    const isTold = emit.apply(watcher, args)
    // it is read from now on
    if (isAll) tellOnce(file as string, stats as Stats)
    return isTold
  }

  watcher.on('change', (file: string) => {
    // not the stats of the event, which may be from the middle of a save; Vite reads the file only after this listener
    const stats = statOf(file)
    clearTimeout(looks.get(file)?.timer)
    looks.delete(file)
    reading.delete(slash(file))
    // a second write may have the same time and length: then only its content is another one
    if (stats) lookLater(file, stats, isFresh(stats) && stats.size < SMALL ? textOf(file) : undefined)
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

/** Reports the save of a file that somebody else has seen. Returns `false` if the watcher has, or if the file is gone. */
export function reportSeen(watcher: ViteDevServer['watcher'], file: string): boolean {
  const now = statOf(file)
  const known = reported.get(watcher)?.get(file)
  if (!now || (known && isSame(known, now))) return false
  reportSave(watcher, file, now)
  return true
}

/** `true` if Vite has read the present content: the save was reported in its middle, then completed, then read. */
async function isContent(file: string, contents: ReadonlySet<string> = new Set()): Promise<boolean> {
  if (contents.size === 0) return false
  const content = await readFile(file, 'utf8').catch(() => undefined)
  return [...contents].every((each) => each === content)
}

/** `true` if a write from now on might have the same time. */
function isFresh({ mtimeMs }: Stats): boolean {
  return Date.now() - mtimeMs <= TICK
}

async function isRewritten(file: string, content: string | undefined): Promise<boolean> {
  return content !== undefined && (await readFile(file, 'utf8').catch(() => content)) !== content
}

/** `true` if the file was not written between the two stats. */
export function isSame(one: Stats, other: Stats): boolean {
  return one.mtimeMs === other.mtimeMs && one.size === other.size && one.ino === other.ino
}
