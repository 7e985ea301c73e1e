/**
 * Hands a global or npx'd command over to the vite-tether that the project has installed: its Vite config imports that copy, whose
 * plugin and options are those of that version.
 */
import { readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { distPath } from '../shared/util/dist-files.ts'

/** A copy of this package. */
interface Copy {
  version: string
  /** Path of its command. */
  command: string
}

/** The project's own copy, `undefined` if it has none or is the one that runs. */
export function projectsCommand(root: string): Copy | undefined {
  let manifest: string
  try {
    manifest = realpathSync(createRequire(join(root, 'package.json')).resolve('vite-tether/package.json'))
  } catch {
    return undefined
  }
  if (manifest === realpathSync(distPath('../package.json'))) return undefined
  const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    version: string
    bin: Record<string, string>
  }
  return { version, command: join(dirname(manifest), bin['vite-tether']!) }
}
