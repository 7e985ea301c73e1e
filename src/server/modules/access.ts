/**
 * Decides which files may be sent to attached runners. Vite checks a file only when it reads it: once the file is in its cache, it
 * answers every request for it. So each answer is checked here as well.
 */
import { statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { EnvironmentModuleNode, ResolvedConfig } from 'vite'
import { slash, withoutQuery } from '../../shared/util/file-path.ts'
import { realPathOf } from '../../shared/util/file-stats.ts'

/** Vite's `isFileLoadingAllowed`: `true` if `server.fs` lets a file (an absolute path with forward slashes) be loaded. */
export type IsAllowed = (config: ResolvedConfig, file: string) => boolean

/**
 * `true` if the module of this id may be sent: each file that the id may name passes Vite's allow and deny lists, by its path as
 * written and by its real path. Modules of plugins that name no file pass.
 */
export function maySend(config: ResolvedConfig, isAllowed: IsAllowed, id: string): boolean {
  // by Rollup's convention this is the id of a plugin's module, but some plugins put the path of a file behind `\0`
  const isPlugins = id.startsWith('\0')
  const name = isPlugins ? id.slice(1) : id
  if (name.includes('\0')) return false
  const path = withoutQuery(name)
  // `?` and `#` may be part of a file's name: both readings are checked
  const candidates = [path, name].filter(
    (each, index) => isFile(each) || (index === 0 && isAbsolute(each) && !isPlugins),
  )
  for (const file of candidates) {
    const normal = slash(resolve(file))
    if (isAbsolute(file) && !isAllowed(config, file)) return false
    if (!isAllowed(config, normal) || !isRealAllowed(config, isAllowed, normal)) return false
  }
  return true
}

/**
 * `true` if a module that may be loaded imports this one. A file that Vite's analysis found in allowed code is part of the app,
 * wherever it lies.
 */
export function isImportedByAllowed(
  config: ResolvedConfig,
  isAllowed: IsAllowed,
  { importers }: EnvironmentModuleNode,
): boolean {
  return [...importers].some(({ file }) => file !== null && isAllowed(config, file))
}

function isRealAllowed(config: ResolvedConfig, isAllowed: IsAllowed, file: string): boolean {
  const real = slash(realPathOf(file))
  if (real === file || isAllowed(config, real)) return true
  // a folder of the allow list may itself be reached through a link
  for (const allowed of config.server.fs.allow) {
    const target = slash(realPathOf(allowed))
    if (real.startsWith(`${target}/`) && isAllowed(config, allowed + real.slice(target.length))) return true
  }
  return false
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
