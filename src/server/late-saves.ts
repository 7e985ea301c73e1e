/**
 * Vite's watcher swallows a change that follows another of the same file within 50 ms: of two quick saves it may report only
 * the first, and the old content would stay live.
 */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ViteDevServer } from 'vite'

/** Milliseconds after a reported change until the file is looked at again: a little longer than the watcher is deaf. */
const DEAF = 60

const guarded = new WeakSet<ViteDevServer['watcher']>()

/** Reports a change again if the file was written once more while the watcher was deaf to it. */
export function catchLateSaves(watcher: ViteDevServer['watcher']): void {
  if (guarded.has(watcher)) return
  guarded.add(watcher)
  const timers = new Map<string, NodeJS.Timeout>()

  async function check(file: string, reported: Stats): Promise<void> {
    timers.delete(file)
    const now = await stat(file).catch(() => undefined)
    // a file that is gone is reported as such
    if (now && (now.mtimeMs !== reported.mtimeMs || now.size !== reported.size)) watcher.emit('change', file, now)
  }

  watcher.on('change', (file: string, stats?: Stats) => {
    clearTimeout(timers.get(file))
    if (stats) timers.set(file, setTimeout(check, DEAF, file, stats).unref())
  })
}
