/** Decides whether this start leaves something for the next one, and where. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { resolveEntry } from '../server/apps/entries.ts'
import { startPath } from '../server/start/start-key.ts'
import type { FoundVite } from '../server/vite/project-vite.ts'
import { distPath } from '../shared/util/dist-files.ts'
import { ownVersions } from '../shared/versions.ts'
import type { Flags } from './flags.ts'
import type { Settings } from './settings.ts'

/** The names of Vite's config files. */
const CONFIGS = ['js', 'mjs', 'ts', 'cjs', 'mts', 'cts'].map((extension) => `vite.config.${extension}`)

/**
 * The path of the index of what is kept; `undefined` where nothing is: with a config, whose code may do anything, with attached
 * runners, and under Yarn's Plug'n'Play, where packages lie in archives.
 */
export function keptStart(
  { root, entry, options }: Pick<Settings, 'root' | 'options'> & { entry: string },
  flags: Flags,
  vite: FoundVite,
): string | undefined {
  if (!flags.cache || flags.attach !== undefined || process.versions.pnp !== undefined) return undefined
  if (flags.config !== false && (flags.config !== undefined || CONFIGS.some((name) => existsSync(join(root, name)))))
    return undefined
  try {
    const { args: _theirs, ...shaping } = options
    return startPath({
      root,
      entry: resolveEntry(entry, root),
      flags: [shaping, flags.mode, flags.config, flags.serveAt, ownVersions().tether],
      vite,
      own: distPath(''),
      env: process.env,
      cwd: process.cwd(),
    })
  } catch {
    // there is no such entry, or a file that cannot be looked at: the usual start says what is wrong
    return undefined
  }
}
