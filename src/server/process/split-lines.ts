/** Cuts a stream of text into lines. */
import type { Readable } from 'node:stream'

/** Characters after which a line is handed on although it has not ended. */
const LONGEST_LINE = 1024 * 1024

/** Calls `onLine` with every line of `stream`, without its line break; what the stream ends with counts as a line too. */
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
