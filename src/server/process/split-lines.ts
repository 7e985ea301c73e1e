/** Cuts a stream of text into lines. */
import type { Readable } from 'node:stream'

/** A longer line is cut at this many characters: without a limit it would grow in memory. */
const LONGEST_LINE = 1024 * 1024

/** Calls `onLine` with each line of `stream`, without its line break, also with a last line that has none. */
export function splitLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (rest.length < LONGEST_LINE) return
    onLine(rest)
    rest = ''
  })
  stream.once('end', () => {
    if (rest !== '') onLine(rest)
  })
}
