/** Decides whether this start leaves something for the next one, and where. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { resolveEntry } from '../server/apps/entries.ts'
import { isPlainConfig } from '../server/start/plain-config.ts'
import { startPath } from '../server/start/start-key.ts'
import type { FoundVite } from '../server/vite/project-vite.ts'
import { distPath } from '../shared/util/dist-files.ts'
import { ownVersions } from '../shared/versions.ts'
import type { Flags } from './flags.ts'
import type { Settings } from './settings.ts'

/** The names of Vite's config files. */
const CONFIGS = ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts'].map((extension) => `vite.config.${extension}`)

/** Where a start leaves something. */
export interface StartPlace {
  /** The path of the index. */
  path: string
  /** The config may read anything. */
  isWatched: boolean
}

/** Returns where; `undefined` where nothing is left: with attached runners, and under Yarn's Plug'n'Play, where packages lie in archives. */
export function keptStart(
  { root, entry, options }: Pick<Settings, 'root' | 'options'> & { entry: string },
  flags: Flags,
  vite: FoundVite,
): StartPlace | undefined {
  if (!flags.cache || flags.attach !== undefined || process.versions.pnp !== undefined) return undefined
  try {
    // before Vite reads it: what is kept belongs to this text
    const config = configOf(root, flags)
    // each plugin has a name
    const isWatched = config !== undefined && (!isPlainConfig(config) || /\bname\b/.test(config))
    // in the name where the config may read them
    const { args: _, ...shaping } = options
    const path = startPath({
      root,
      entry: resolveEntry(entry, root),
      flags: [shaping, flags.mode, flags.config, flags.serveAt, config, ownVersions().tether],
      vite,
      own: distPath(''),
      env: process.env,
      isWatched,
      cwd: process.cwd(),
    })
    return { path, isWatched }
  } catch {
    // there is no such entry, or a file that cannot be looked at: the usual start says what is wrong
    return undefined
  }
}

/** The text of the config that Vite is going to read. */
function configOf(root: string, { config }: Flags): string | undefined {
  if (config === false) return undefined
  const name = config ?? CONFIGS.find((each) => existsSync(join(root, each)))
  return name === undefined ? undefined : readFileSync(resolve(root, name), 'utf8')
}
