/** Chooses the Vite that the command runs: the project's, if it is one we work with. */
import { join } from 'node:path'
import { type FoundVite, findVite } from '../server/vite/project-vite.ts'
import { TetherError } from '../shared/errors.ts'
import { installLine } from './install-line.ts'

/** Oldest version and major that we work with, as the peer dependency says. */
const MAJOR = 8
const MINOR = 3
const RANGE = `vite@^${MAJOR}.${MINOR}.0`

/**
 * The Vite of the project at `root`; where it has none, the one that this package in `ourselves` brings, as with npx. Throws
 * `ERR_CONFIG` with the command that mends it when there is none, or the project's is a wrong version.
 */
export function checkVite(root: string, ourselves: string): FoundVite {
  const projects = findVite(join(root, 'package.json'))
  const ours = findVite(ourselves)
  const found = projects ?? ours
  if (!found) {
    throw new TetherError(
      'ERR_CONFIG',
      `Expected Vite ${MAJOR} in ${root}, found none. Install it: ${installLine(root, `vite-tether ${RANGE}`)}`,
    )
  }
  const [major = 0, minor = 0] = found.version.split('.').map(Number)
  if (major !== MAJOR || minor < MINOR) {
    const other = projects && ours && projects.path !== ours.path
    const beside = other
      ? ` (vite-tether has ${ours.version} in ${ours.path}, which the project's config and plugins do not use)`
      : ''
    throw new TetherError(
      'ERR_CONFIG',
      `Expected Vite ${MAJOR}.${MINOR} or a later ${MAJOR}.x, got ${found.version} in ${found.path}${beside}. Install it: ${installLine(root, `vite-tether ${RANGE}`)}`,
    )
  }
  return found
}
