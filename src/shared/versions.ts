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

/** Those of this process. */
export function ownVersions(): InstalledVersions {
  own ??= {
    tether: (JSON.parse(readFileSync(distPath('../package.json'), 'utf8')) as { version: string }).version,
    node: process.versions.node,
  }
  return own
}

/**
 * What the other side has and this one has not, in words: any other version of vite-tether, another major of Node. `undefined` if
 * there is nothing to say, or if the other side is of a version that does not tell.
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
