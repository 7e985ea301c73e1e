/**
 * What Vite reads of a file, above all where editors truncate it before they write it: for a moment the save is empty. And a file
 * that grows while Node reads it is read up to the size it had: its end is missing.
 */
import { readFile, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { statOf } from '../../shared/util/file-stats.ts'
import { noteContent } from '../vite/late-saves.ts'

/** How long a file that a save left empty may take to get its content, in ms. */
const GRACE = 200
const POLL = 10

/**
 * For a `transform` hook that comes first: the content of a file that was empty or incomplete when Vite read it, but is only
 * just being saved. `undefined` for any other module, one that stays empty included.
 */
export async function contentOf(code: string, id: string): Promise<string | undefined> {
  const file = id.replace(/[?#].*$/, '')
  if (!isAbsolute(file)) return undefined
  if (code !== '') {
    const whole = await wholeOf(file, code)
    noteContent(file, whole ?? code)
    return whole
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

/** The content of a file that was saved just now, if `code` is only the beginning of it. */
async function wholeOf(file: string, code: string): Promise<string | undefined> {
  // not in a thread: every module comes this way, nearly always for nothing, and that costs several times as much
  const stats = statOf(file)
  if (!stats || stats.size <= Buffer.byteLength(code) || Date.now() - stats.mtimeMs > GRACE) return undefined
  const content = await readFile(file, 'utf8').catch(() => '')
  return content.length > code.length && content.startsWith(code) ? content : undefined
}
