/** Suggests the valid word for one that is not. */
import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** ` Did you mean '...'?`, or nothing if no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates)
  return meant === undefined ? '' : ` Did you mean '${meant}'?`
}

/** The same for a path to a file that does not exist, among those of its folder. */
export function didYouMeanFile(path: string, mayName: (file: string) => boolean = () => true): string {
  const names = (() => {
    try {
      return readdirSync(dirname(path)).filter((name) => mayName(`${dirname(path)}/${name}`))
    } catch {
      return []
    }
  })()
  return didYouMean(basename(path), names)
}

/**
 * The candidate nearest to `word` by edit distance, or `undefined` if none is at most a third of its letters away (or two). Half of them
 * are too many: any word of one letter would be near any other.
 */
function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(Math.max(2, Math.floor(word.length / 3)), Math.floor(word.length / 2)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
