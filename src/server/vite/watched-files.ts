/** Watches files that are no modules: `.env*` and those of the `watch` option restart the app, others may start a crashed one. */
import { basename } from 'node:path'
import type { DevEnvironment, EnvironmentModuleNode, ViteDevServer } from 'vite'
import { slash } from '../../shared/util/file-path.ts'
import { isGone } from '../../shared/util/file-stats.ts'
import { resolutionsOf } from './resolutions.ts'
import { TransientFiles } from './transient-files.ts'
import { eventsHandled } from './unhandled-events.ts'

/** Decides about a file, given as an absolute path with forward slashes. */
export type FileFilter = (file: string) => boolean

/** Events of files. */
export interface FileEvents {
  /**
   * A file changed that restarts apps: any app, or those that run one of `modules`. Without HMR saves of modules are told here, too, and
   * attached runners may hold them.
   */
  restart(file: string, modules: readonly EnvironmentModuleNode[], any: boolean): void
  /** Any other file was saved, made or removed: an app that waits for a save may try again. */
  saved(file: string, isModule: boolean): void
  /** `true` if a runner or an app has missed this file. */
  isAwaited(file: string): boolean
}

/** Calls `events` for the files of `server`'s watcher; it ends with the watcher. */
export function watchFiles(
  server: ViteDevServer,
  environment: DevEnvironment,
  filters: { watch: FileFilter; ignore: FileFilter },
  events: FileEvents,
): void {
  const { cacheDir } = server.config
  const hasHmr = server.config.server.hmr !== false
  const resolutions = resolutionsOf(environment)
  const transient = new TransientFiles(environment)
  /** Restarts if imports mean other files since `file` came or went. For `server.hmr: false`, where Vite calls no `hotUpdate`. */
  async function restartIfChanged(file: string): Promise<void> {
    // the resolver of Vite still says what it has said before
    await eventsHandled(environment)
    const changed = await resolutions.changed(file)
    if (changed.length > 0) events.restart(file, changed, false)
  }

  server.watcher.on('all', (event, path) => {
    if (event === 'addDir' || event === 'unlinkDir') return
    const file = slash(path)
    if (filters.ignore(file) || file.startsWith(cacheDir)) return
    if (/\/(node_modules|\.git)\//.test(file) && !filters.watch(file)) return
    // without HMR Vite forgets only the code of a file that was changed, and that later than this: one that is made again, and what
    // attached runners are sent now, would be the code from before
    if (!hasHmr) environment.moduleGraph.onFileChange(file)
    // Vite restarts itself for an env file of its own mode; the app needs a new process for any
    const any = filters.watch(file) || basename(file).startsWith('.env')
    if (event === 'unlink' && !any && transient.removed(file)) return
    const concerned = resolutions.forget(event, file)
    if (event === 'add') transient.made(file, concerned.length > 0 || events.isAwaited(file))
    // that is told next, and may concern nobody
    if (event !== 'unlink' && isGone(file)) return
    const modules = environment.moduleGraph.getModulesByFile(file)
    const isModule = modules !== undefined
    if (any || (!hasHmr && isModule)) events.restart(file, (!hasHmr && modules && [...modules]) || [], any)
    else events.saved(file, isModule || concerned.length > 0)
    if (!hasHmr && concerned.length > 0) void restartIfChanged(file)
  })
}
