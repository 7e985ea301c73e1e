/** Suggests the valid word for one that is not. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, extname, join, parse } from 'node:path'

/** ` Did you mean '...'?`, or nothing if no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates)
  return meant === undefined ? '' : ` Did you mean '${meant}'?`
}

/**
 * The same for a path to a file that does not exist: its first part that does not is compared with what lies there. A name without an
 * extension is compared without.
 */
export function didYouMeanFile(path: string, mayName: (file: string) => boolean = () => true): string {
  const folder = dirname(path)
  const isFolderMissing = folder !== dirname(folder) && !existsSync(folder)
  if (isFolderMissing) return didYouMeanFile(folder, mayName)
  const name = basename(path)
  const others = namesIn(folder).filter((other) => mayName(join(folder, other)))
  return didYouMean(name, extname(name) === '' ? others.map((other) => parse(other).name) : others)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // it may not be read
    return []
  }
}

/** The candidate nearest to `word`, or `undefined` if none is at most a third of its letters away (or one). */
function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** The number of letters that are missing, too many, others, or two that have changed places. */
function editDistance(a: string, b: string): number {
  let former: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      const areSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (areSwapped) next[j] = Math.min(next[j]!, former[j - 2]! + 1)
    }
    former = row
    row = next
  }
  return row[b.length]!
}
