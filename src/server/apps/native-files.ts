/**
 * Files of the app that Node itself has loaded in its processes, and those that it has looked for in vain. Updates cannot reach them, so a
 * save of one restarts the app.
 */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ViteDevServer } from 'vite'
import { importName, mayMean } from '../../shared/util/file-path.ts'
import { filesNamed, statOf } from '../../shared/util/file-stats.ts'

/** A file that Node has loaded; or one that it has not found, as the app has written its path. */
export interface NativeFile {
  /** Absolute, with forward slashes. */
  file: string
  isMissing: boolean
  /** `true` if the loaded code is still the file's, judged by the file's time of modification in ms. */
  isCurrent(modified: number): boolean
}

/** The files of one process of an app, with those that it has started. */
interface Loads {
  /** When it began, in ms since the epoch. */
  readonly since: number
  /** File -> `true` if this is what Node has read. */
  readonly loaded: Map<string, (now: Stats) => boolean>
  readonly missed: Set<string>
  /** Those among them that were saved since. */
  readonly saved: Set<string>
  /** Any files that were removed since. */
  readonly gone: Set<string>
}

/** The natively loaded files of each app. */
export class Natives {
  readonly #apps = new Map<string, Loads>()

  /** The app's next process begins, and has loaded nothing. */
  began(app: string): void {
    const since = Date.now()
    this.#apps.set(app, { since, loaded: new Map(), missed: new Set(), saved: new Set(), gone: new Set() })
  }

  /** The app is on the list no more. */
  forget(app: string): void {
    this.#apps.delete(app)
  }

  /** Files outside of Vite's root are watched from now on. Resolves with those that were saved before this was told. */
  async add(app: string, files: Iterable<NativeFile>, { config, watcher }: ViteDevServer): Promise<string[]> {
    const loads = this.#apps.get(app)
    if (!loads) return []
    const late: (string[] | Promise<string[]>)[] = []
    for (const { file, isMissing, isCurrent } of files) {
      if (isMissing) {
        loads.missed.add(file)
        late.push(madeSince(file, loads.since))
        continue
      }
      if (!loads.loaded.has(file) && !file.startsWith(`${config.root}/`)) watcher.add(file)
      loads.loaded.set(file, ({ mtimeMs }) => isCurrent(mtimeMs))
      late.push(
        stat(file).then(
          ({ mtimeMs, ctimeMs }) => {
            if (!isCurrent(mtimeMs)) return [file]
            // another content may have the same time of modification
            loads.loaded.set(file, (now) => now.ctimeMs === ctimeMs)
            return []
          },
          // the watcher tells of its removal: it is going to, or it has
          () => (loads.gone.has(file) ? [file] : []),
        ),
      )
    }
    return (await Promise.all(late)).flat()
  }

  /** A file was saved, made or removed. Returns the apps that have loaded it, or have missed it. */
  saved(file: string): string[] {
    const now = statOf(file)
    return [...this.#apps].filter(([, loads]) => concerns(loads, file, now)).map(([app]) => app)
  }

  /** `true` if an app has missed this file. */
  misses(file: string): boolean {
    return [...this.#apps.values()].some((loads) => isMissed(loads, file))
  }

  /** `true` if an app has loaded this file. */
  has(app: string, file: string): boolean {
    return this.#apps.get(app)?.loaded.has(file) === true
  }

  /** The files that have been saved since the app was started. */
  changed(app: string): Iterable<string> {
    return this.#apps.get(app)?.saved ?? []
  }
}

/** `true` if the file, which has these stats now or is gone, is not what the process has found. */
function concerns(loads: Loads, file: string, now: Stats | undefined): boolean {
  if (now) loads.gone.delete(file)
  else loads.gone.add(file)
  const isAsRead = loads.loaded.get(file)
  // An app writes a file, then Node loads it, then the watcher tells of the write: that is what was loaded.
  const isConcerned = (isAsRead && !(now && isAsRead(now))) || (now !== undefined && isMissed(loads, file))
  if (isConcerned) loads.saved.add(file)
  return isConcerned
}

function isMissed({ missed }: Loads, file: string): boolean {
  return missed.size > 0 && isLoadable(file) && [...missed].some((path) => mayMean(path, file))
}

/** The files that a missing `path` may mean, and that came to be after `time`, in ms since the epoch. */
function madeSince(path: string, time: number): string[] {
  return [...new Set([path, importName(path)])].flatMap((name) =>
    [...filesNamed(name)].flatMap(([file, { ctimeMs }]) => (isLoadable(file) && ctimeMs > time ? file : [])),
  )
}

/** `true` for what Node can load: `./style` is not `style.css`. */
function isLoadable(file: string): boolean {
  return /\.(?:[cm]?[jt]s|[jt]sx|json|node)$/.test(file)
}
