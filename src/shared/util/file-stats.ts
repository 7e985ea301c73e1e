/** Questions to the file system. */
import { type Stats, statSync } from 'node:fs'

/** `undefined` if nothing can be said: there is no such file, or `path` only looks like one. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
