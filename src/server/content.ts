/** What Vite reads of a file, above all where editors truncate it before they write it: for a moment the save is empty. */
import { readFile, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { noteContent } from './late-saves.ts'

/** How long a file that a save left empty may take to get its content, in ms. */
const GRACE = 200
const POLL = 10

/**
 * For a `transform` hook that comes first: the content of a file that was empty when Vite read it, but is only just being
 * saved. `undefined` for any other module, one that stays empty included.
 */
export async function contentOf(code: string, id: string): Promise<string | undefined> {
  const file = id.replace(/[?#].*$/, '')
  if (!isAbsolute(file)) return undefined
  if (code !== '') {
    noteContent(file, code)
    return undefined
  }
  for (;;) {
    const stats = await stat(file).catch(() => undefined)
    if (!stats) return undefined
    const content = stats.size > 0 ? await readFile(file, 'utf8') : ''
    if (content !== '') {
      noteContent(file, content)
      return content
    }
    if (Date.now() - stats.mtimeMs > GRACE) return undefined
    await new Promise((resolve) => setTimeout(resolve, POLL))
  }
}
