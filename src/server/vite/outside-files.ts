/**
 * Watches modules outside of the root, such as those of linked packages. Vite's watcher watches each of these files, not their
 * folders: it forgets a file that is removed, misses a folder that takes the place of another (a new build), and does not know
 * missing files.
 */
import { type Stats, unwatchFile, watch, watchFile } from 'node:fs'
import { isAbsolute, posix, resolve } from 'node:path'
import type { DevEnvironment, ViteDevServer } from 'vite'
import { importName, slash } from '../../shared/util/file-path.ts'
import { filesNamed, statOf } from '../../shared/util/file-stats.ts'
import { isSame } from './late-saves.ts'

/** Milliseconds from the event of a folder to the look at its files: Vite's watcher may report a removal 100 ms late. */
const DELAY = 150

/** Functions that tell each environment's watcher of an import that is missing, and of a file that was read past Vite. */
const environments = new WeakMap<DevEnvironment, Record<'missing' | 'loaded', (file: string) => void>>()

/** Watches for `file`, which is imported and missing, and reports it when it appears. */
export function watchMissing(environment: DevEnvironment, file: string): void {
  environments.get(environment)?.missing(file)
}

/** Watches `file`, whose code a plugin has loaded: Vite itself watches a file outside of the root only where it has read it. */
export function watchLoaded(environment: DevEnvironment, file: string): void {
  environments.get(environment)?.loaded(file)
}

/** Watches folders of files outside of the root, and emits on Vite's watcher the events that it misses. Ends with the watcher. */
export function watchOutsideFiles({ config, watcher }: ViteDevServer, environment?: DevEnvironment): void {
  const root = slash(config.root)
  const { interval, usePolling } = watcher.options
  /** Path of an import, without extension -> the files it may mean, as last reported. */
  const imported = new Map<string, Map<string, Stats>>()
  const folders = new Map<string, { inode: number; close(): void }>()
  /** Keys of `imported` that are to be looked at. */
  const due = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let isClosed = config.server.watch === null

  function add(file: string): void {
    const name = importName(file)
    if (isClosed || imported.has(name) || !isAbsolute(file) || file.startsWith(`${root}/`)) return
    if (file.includes('\0') || file.includes('/node_modules/')) return
    watchFolders(name)
    // after the folders: a file that appears in between is in the list, or its folder reports it
    imported.set(name, filesNamed(name))
  }

  /** Watches all folders above `name` that are not above the root, too, and `name` itself if it is a folder. */
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
      // the watch of the folder above tells when this one appears
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
      // this user may not read the folder, or the system allows no further watch
      return undefined
    }
  }

  /** Schedules a look at the imports that an event of `path` may concern. */
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
      const found = filesNamed(name)
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
    // a file is replaced, Vite's watcher still watches the former one, then it is asked to watch the new one: without unwatch() it
    // would do nothing, because it knows the path
    watcher.unwatch(path)
    if (event !== 'unlink') addToWatcher.call(watcher, path)
    const emit = watcher.emit as (...args: unknown[]) => boolean
    emit.call(watcher, event, path, stats)
    emit.call(watcher, 'all', event, path, stats)
  }

  const addToWatcher = watcher.add
  // Chokidar hands itself more: of a folder that it watches for one missing file, the name of that. Without it all of the folder is
  // watched, with what lies in it, be it the home of the user
  watcher.add = (...args) => {
    const [paths] = args
    const result = addToWatcher.apply(watcher, args)
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

  // events that Vite's watcher has found itself: notes them, so that look() does not report them again
  watcher.on('all', (event, path) => {
    const file = slash(path)
    const known = imported.get(importName(file))
    if (!known) return
    const stats = event === 'unlink' ? undefined : statOf(file)
    if (stats) known.set(file, stats)
    else known.delete(file)
    // the file may have been made again already, which Vite's watcher does not notice
    if (event === 'unlink') appeared(file)
  })

  const loaded = (file: string) => {
    if (!file.startsWith(`${root}/`)) watcher.add(file)
  }
  if (environment) environments.set(environment, { missing: add, loaded })
}
