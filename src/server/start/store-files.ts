/** Writes and removes the files of kept starts. */
import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** So many starts of a project are kept: entries, flags, versions of Node. */
const STARTS = 8
/** Milliseconds that the writing of a file takes at most. */
const WRITING = 60_000

/** Two starts may write at once, and a third may read meanwhile: the file gets its name when it is whole. */
export function replace(path: string, content: string): void {
  const unfinished = `${path}-${process.pid}`
  try {
    writeFileSync(unfinished, content)
    renameSync(unfinished, path)
  } finally {
    rmSync(unfinished, { force: true })
  }
}

/** The file by which the next server process learns what this one has made. */
export function seenPath(path: string): string {
  return `${path}.seen`
}

/** Removes texts that no index names any more, if those of `path` are known, and all but the newest starts. */
export function tidy(path: string, texts?: readonly string[]): void {
  const folder = dirname(path)
  const startOf = (file: string) => /^start-[\da-f]{32}/.exec(file)?.[0]
  const files = readdirSync(folder).filter((file) => startOf(file) !== undefined)
  const ageOf = (file: string) => Date.now() - (statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0)
  const ages = new Map<string, number>()
  for (const file of files) {
    const start = startOf(file)!
    ages.set(start, Math.min(ages.get(start) ?? Number.POSITIVE_INFINITY, ageOf(file)))
  }
  const newest = [...ages].sort(([, one], [, other]) => one - other).slice(0, STARTS)
  const kept = new Set(newest.map(([start]) => start))
  const current = texts && new Set([path, seenPath(path), ...texts].map((each) => basename(each)))
  for (const file of files) {
    // another start may be writing it
    if (/-\d+$/.test(file) && ageOf(file) < WRITING) continue
    const isOld = startOf(file) === basename(path) && current?.has(file) === false
    if (isOld || !kept.has(startOf(file)!)) rmSync(join(folder, file), { force: true })
  }
}
