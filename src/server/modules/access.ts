/**
 * Which files attached runners may be sent. Vite checks only what it reads itself, when it reads it; what is in its cache, for
 * whatever reason, it gives to everybody. Hence this, before every answer.
 */
import { realpathSync, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { EnvironmentModuleNode, ResolvedConfig } from 'vite'
import { slash } from '../../shared/util/file-path.ts'

/** Whether Vite's `server.fs` lets a file (an absolute path with forward slashes) be loaded: `isFileLoadingAllowed`. */
export type IsAllowed = (config: ResolvedConfig, file: string) => boolean

/**
 * Whether a module of this id may be sent: whatever file it may stand for has to pass Vite's allow and deny lists, as it is
 * written and by its real path. Modules of plugins that stand for no file pass.
 */
export function maySend(config: ResolvedConfig, isAllowed: IsAllowed, id: string): boolean {
  // by Rollup's convention a plugin's own, but some keep the path of a file in it
  const isPlugins = id.startsWith('\0')
  const name = isPlugins ? id.slice(1) : id
  if (name.includes('\0')) return false
  const path = name.replace(/[?#].*$/s, '')
  // what looks like a query may be part of a file's name
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
 * Whether a module is imported by one that may be loaded. What Vite's own analysis of allowed code has found is part of the
 * app, wherever it lies.
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
  // the allow list may itself lie behind a link
  for (const allowed of config.server.fs.allow) {
    const target = slash(realPathOf(allowed))
    if (real.startsWith(`${target}/`) && isAllowed(config, allowed + real.slice(target.length))) return true
  }
  return false
}

/** What cannot be reached by this path is content of a plugin, if there is any. At once: a promise for each file takes longer than the rest. */
function realPathOf(file: string): string {
  try {
    return realpathSync.native(file)
  } catch {
    return file
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
