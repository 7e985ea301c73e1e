/**
 * Modules outside of the root, such as those of linked packages. Vite's watcher watches each of these files by itself: it forgets
 * one that is removed, does not notice when a folder takes the place of another, and knows nothing of one that is missing.
 */
import { readdirSync, type Stats, unwatchFile, watch, watchFile } from 'node:fs'
import { isAbsolute, posix, resolve } from 'node:path'
import type { DevEnvironment, ViteDevServer } from 'vite'
import { importName, slash } from '../../shared/util/file-path.ts'
import { statOf } from '../../shared/util/file-stats.ts'
import { isSame } from './late-saves.ts'

/** Milliseconds from the event of a folder to the look at its files: Vite's watcher may hold a removal back for 100 ms. */
const DELAY = 150

const environments = new WeakMap<DevEnvironment, (file: string) => void>()

/** `file` is imported, and there is none: reports it when it appears. */
export function watchMissing(environment: DevEnvironment, file: string): void {
  environments.get(environment)?.(file)
}

/** Watches the folders of files outside of the root, and reports through Vite's watcher what that misses. Ends with the watcher. */
export function watchOutsideFiles({ config, watcher }: ViteDevServer, environment?: DevEnvironment): void {
  const root = slash(config.root)
  const { interval, usePolling } = watcher.options
  /** Import, without extension -> the files that it may mean, as they were reported last. */
  const imported = new Map<string, Map<string, Stats>>()
  const folders = new Map<string, { inode: number; close(): void }>()
  /** Those of `imported` that are to be looked at. */
  const due = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = config.server.watch === null

  function add(file: string): void {
    const name = importName(file)
    if (isClosed || imported.has(name) || !isAbsolute(file) || file.startsWith(`${root}/`)) return
    if (file.includes('\0') || file.includes('/node_modules/')) return
    watchFolders(name)
    // after the folders, so that no file appears in between
    imported.set(name, candidates(name))
  }

  /** Watches the folders above `name`, from the one that it has in common with the root on, and `name` if it is one. */
  function watchFolders(name: string): void {
    const chain = [name]
    while (!`${root}/`.startsWith(chain[0]!.replace(/\/?$/, '/')) && posix.dirname(chain[0]!) !== chain[0]) {
      chain.unshift(posix.dirname(chain[0]!))
    }
    for (const folder of chain) {
      const stats = statOf(folder)
      const inode = stats?.isDirectory() ? stats.ino : undefined
      const known = folders.get(folder)
      if (known && known.inode === inode) continue
      known?.close()
      folders.delete(folder)
      // the folder above it tells when it appears
      if (inode === undefined) return
      const close = listen(folder)
      if (close) folders.set(folder, { inode, close })
    }
  }

  function listen(folder: string): (() => void) | undefined {
    if (usePolling) {
      const listener = () => appeared(folder)
      watchFile(folder, { interval: interval ?? 100, persistent: false }, listener)
      return () => unwatchFile(folder, listener)
    }
    try {
      const listener = watch(folder, { persistent: false }, (_, entry) => appeared(posix.join(folder, entry ?? '')))
      listener.on('error', () => listener.close())
      return () => listener.close()
    } catch {
      // not ours to read, or more folders are watched than the system allows
      return undefined
    }
  }

  /** Something has happened to `path`, or to one of its entries. */
  function appeared(path: string): void {
    const name = importName(path)
    for (const each of imported.keys()) if (each === name || `${each}/`.startsWith(`${path}/`)) due.add(each)
    if (due.size > 0) timer ??= setTimeout(look, DELAY).unref()
  }

  function look(): void {
    timer = undefined
    const names = [...due]
    due.clear()
    for (const name of names) {
      watchFolders(name)
      const known = imported.get(name)!
      const found = candidates(name)
      imported.set(name, found)
      for (const [file, stats] of known) if (!found.has(file)) report('unlink', file, stats)
      for (const [file, stats] of found) {
        const before = known.get(file)
        if (!before) report('add', file, stats)
        else if (before.ino !== stats.ino || !isSame(before, stats)) report('change', file, stats)
      }
    }
  }

  function report(event: 'add' | 'change' | 'unlink', file: string, stats: Stats): void {
    const path = resolve(file)
    // Vite's watcher may still watch the file that was here before, and would take this one for known
    watcher.unwatch(path)
    if (event !== 'unlink') addToWatcher.call(watcher, path)
    const emit = watcher.emit as (...args: unknown[]) => boolean
    emit.call(watcher, event, path, stats)
    emit.call(watcher, 'all', event, path, stats)
  }

  const addToWatcher = watcher.add
  watcher.add = (paths) => {
    const result = addToWatcher.call(watcher, paths)
    for (const path of [paths].flat()) if (statOf(path)?.isFile()) add(slash(path))
    return result
  }

  const close = watcher.close
  watcher.close = () => {
    isClosed = true
    clearTimeout(timer)
    for (const folder of folders.values()) folder.close()
    return close.call(watcher)
  }

  // Vite's watcher has reported this by itself
  watcher.on('all', (event, path) => {
    const file = slash(path)
    const known = imported.get(importName(file))
    if (!known) return
    const stats = event === 'unlink' ? undefined : statOf(file)
    if (stats) known.set(file, stats)
    else known.delete(file)
    // the file may be there again already, which that watcher does not notice
    if (event === 'unlink') appeared(file)
  })

  if (environment) environments.set(environment, add)
}

/** The files that an import of `name` may mean: whatever their extension, and the index of a folder. */
function candidates(name: string): Map<string, Stats> {
  const folder = posix.dirname(name)
  const paths = [folder, name].flatMap((each) => entriesOf(each).map((entry) => posix.join(each, entry)))
  return new Map(
    paths.flatMap((path): [string, Stats][] => {
      const stats = importName(path) === name ? statOf(path) : undefined
      return stats?.isFile() ? [[path, stats]] : []
    }),
  )
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
