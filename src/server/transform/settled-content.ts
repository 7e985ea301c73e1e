/**
 * Waits for the whole content of a file that is being saved. Without it, Vite would transform a part: an editor truncates the file,
 * then Vite reads it empty, then the editor writes it; or Node looks at its size, then the file grows, then Node reads up to the
 * old size.
 */
import { readFile, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { statOf } from '../../shared/util/file-stats.ts'
import { noteContent } from '../vite/late-saves.ts'

/** Milliseconds after a save within which an empty or short file may still get its content. */
const GRACE = 200
const POLL = 10

/**
 * For a `transform` hook that runs before Vite's: the whole content of a file that was empty or incomplete when Vite read it and
 * was saved just now. `undefined` for any other module, and for a file that stays empty.
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

/** The content of a file that was saved just now, if `code` is only its beginning. */
async function wholeOf(file: string, code: string): Promise<string | undefined> {
  // synchronous, because every module comes here and nearly none needs it: an asynchronous stat costs several times as much
  const stats = statOf(file)
  if (!stats || stats.size <= Buffer.byteLength(code) || Date.now() - stats.mtimeMs > GRACE) return undefined
  const content = await readFile(file, 'utf8').catch(() => '')
  return content.length > code.length && content.startsWith(code) ? content : undefined
}
