/** Tells whether files and folders are what they were: by their content, never by times, which a clock or a copy may set back. */
import { createHash } from 'node:crypto'
import { type Dirent, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { isPipe } from './file-stats.ts'

/** A path, and what it must be: a digest or a real path; `null`: there must be none. */
export type Expected = [path: string, is: string | null]

/** Files and folders as they were when something was made of them. */
export interface Proof {
  /** Files by their content. */
  files: Expected[]
  /** Folders by the names in them to which an import may lead. */
  folders: Expected[]
  /** Folders by all names in them. */
  lists: Expected[]
  /** Paths by what they really are. */
  links: Expected[]
  /** Paths by what their stats say, for who has asked. */
  stats: Expected[]
}

/** Extensions that an import may leave out, or write for one another. */
const RESOLVED = new Set(['', '.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx', '.json', '.node', '.wasm'])

/** The digest of a content. */
export function digestOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url')
}

/** Stands for the content of a pipe or a device, which a proof must not read. */
export const PIPE = 'pipe'

/** The digest of a file; `null` if it cannot be read. */
export function fileIs(path: string): string | null {
  try {
    if (isPipe(path)) return PIPE
    return digestOf(readFileSync(path))
  } catch {
    return null
  }
}

/**
 * The digest of a folder: its real path and those names in it to which an import may lead, with what links among them point to. An app that
 * writes its log or its database beside its code changes nothing here. `null` if it is no folder.
 */
export function folderIs(path: string): string | null {
  try {
    const entries = readdirSync(path, { withFileTypes: true }).filter(mayBeImported)
    const names = entries.map((entry) => describe(path, entry)).sort()
    return digestOf(JSON.stringify([realpathSync(path), names]))
  } catch {
    return null
  }
}

/** The digest of all names in a folder; `null` if it is none. */
export function listIs(path: string): string | null {
  try {
    const entries = readdirSync(path, { withFileTypes: true })
    return digestOf(JSON.stringify(entries.map((entry) => describe(path, entry)).sort()))
  } catch {
    return null
  }
}

/** The real path; `null` if there is none. */
export function linkIs(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

/**
 * What a link says, the real path, and the kind, of files also size, times and mode; `null` if there is nothing. Of folders the time tells
 * nothing that a list does not. The time of the last change of an inode tells of its other names and its owner as well.
 */
export function statIs(path: string): string | null {
  const target = targetOf(path)
  try {
    const stats = statSync(path)
    const more = stats.isFile() ? [stats.size, stats.mtimeMs, stats.ctimeMs] : []
    return digestOf(JSON.stringify([target, realpathSync(path), stats.mode, ...more]))
  } catch {
    return target === undefined ? null : digestOf(target)
  }
}

/** The text of a link; `undefined` if it is none. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

const IS: Record<keyof Proof, (path: string) => string | null> = {
  files: fileIs,
  folders: folderIs,
  lists: listIs,
  links: linkIs,
  stats: statIs,
}

/** All of them. */
export const KINDS = Object.keys(IS) as (keyof Proof)[]

/** `true` if a path is what it was. */
export function stillTrue(kind: keyof Proof, [path, was]: Expected): boolean {
  return IS[kind](path) === was
}

/** The first path that is not what it was; `undefined` if all are. */
export function firstDifference(proof: Proof): string | undefined {
  for (const kind of KINDS) {
    const changed = proof[kind].find((each) => !stillTrue(kind, each))
    if (changed) return changed[0]
  }
  return undefined
}

function mayBeImported(entry: Dirent): boolean {
  return !entry.isFile() || RESOLVED.has(extname(entry.name))
}

function describe(folder: string, entry: Dirent): string {
  // where it leads may be a link again
  if (entry.isSymbolicLink()) {
    const path = join(folder, entry.name)
    return `${entry.name}@${targetOf(path)}@${linkIs(path)}`
  }
  return entry.isDirectory() ? `${entry.name}/` : entry.name
}
