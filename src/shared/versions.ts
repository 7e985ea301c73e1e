/** Versions on either side: each tells the other, and the terminals name differences that may matter. */
import { readFileSync } from 'node:fs'
import { distPath } from './util/dist-files.ts'

/** The versions of one side. */
export interface InstalledVersions {
  /** The version of vite-tether. */
  tether: string
  /** The version of Node, without the `v`. */
  node: string
}

let own: InstalledVersions | undefined

/** The versions of this process. */
export function ownVersions(): InstalledVersions {
  own ??= {
    tether: (JSON.parse(readFileSync(distPath('../package.json'), 'utf8')) as { version: string }).version,
    node: process.versions.node,
  }
  return own
}

/**
 * Names another version of vite-tether, or another major version of Node, on the other side. `undefined` if there is no difference,
 * or if the other side is too old to tell.
 */
export function versionGap(theirs: InstalledVersions | undefined, ours = ownVersions()): string | undefined {
  if (!theirs) return undefined
  const gaps = [
    ...(theirs.tether === ours.tether ? [] : [`vite-tether ${theirs.tether} (here ${ours.tether})`]),
    ...(majorOf(theirs.node) === majorOf(ours.node) ? [] : [`Node ${theirs.node} (here ${ours.node})`]),
  ]
  return gaps.length > 0 ? gaps.join(' and ') : undefined
}

function majorOf(version: string): string {
  return version.split('.')[0]!
}
