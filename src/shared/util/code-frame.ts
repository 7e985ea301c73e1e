/** Finds the place in the app's code that a stack points to, and shows a few lines of it with a mark, as Vite prints them. */
import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A place in a file, lines and columns from 1. */
export interface Place {
  file: string
  line: number
  column: number
}

/** The place of the first stack frame in a file outside of `node_modules` for which `isWanted` is true. */
export function firstPlace(stack: string, isWanted: (file: string) => boolean): Place | undefined {
  for (const text of stack.split('\n')) {
    const [, path, line, column] = /^\s+at (?:.*\()?(?:async )?([^()]+):(\d+):(\d+)\)?$/.exec(text) ?? []
    if (path === undefined) continue
    const file = path.startsWith('file://') ? fileURLToPath(path) : path
    if (!isAbsolute(file) || /[\\/]node_modules[\\/]/.test(file) || !isWanted(file)) continue
    return { file, line: Number(line), column: Number(column) }
  }
  return undefined
}

/** The lines around a place; empty if its file is not there to be read, or has no such line. */
export function readFrame({ file, line, column }: Place): string {
  try {
    return codeFrame(readFileSync(file, 'utf8'), line, column)
  } catch {
    // the file is not there to be read: the error shows its position without lines
    return ''
  }
}

/** Number of lines that are shown before and after the marked one. */
const AROUND = 2
/** Longer lines would fill the terminal: they are minified, or data. */
const LONGEST = 160

/** The lines of `source` around a position that counts from 1; empty if there is no such position, as after an edit of the file. */
export function codeFrame(source: string, line: number, column: number): string {
  const lines = source.split(/\r?\n/)
  const marked = lines[line - 1]
  if (marked === undefined || marked.length < column || marked.length > LONGEST) return ''
  const first = Math.max(1, line - AROUND)
  const last = Math.min(lines.length, line + AROUND)
  const width = String(last).length
  const frame: string[] = []
  for (let n = first; n <= last; n++) {
    const text = lines[n - 1]!
    frame.push(`${String(n).padStart(width)} |  ${text.slice(0, LONGEST)}`.trimEnd())
    // tabs stay tabs, so that the mark stands below its column
    if (n === line) frame.push(`${' '.repeat(width)} |  ${text.slice(0, column - 1).replace(/\S/g, ' ')}^`)
  }
  return frame.join('\n')
}
