/**
 * Prepares code for a debugger: appends the source map, and stops at the first line of an entry. While no inspector is open the
 * code stays as it is.
 */
import inspector from 'node:inspector'
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { decodedMap, encodedMap, type SourceMapInput, type SourceMapSegment, TraceMap } from '@jridgewell/trace-mapping'
import { unpack } from '../../shared/util/packed-map.ts'

/** `true` if a debugger may attach to this process. */
export function isDebugging(): boolean {
  return inspector.url() !== undefined
}

/** Code with its source map: JSON text, packed or not. */
export interface MappedCode {
  code: string
  map: string | null
}

let breakFile: string | undefined

/** The next code of `file`, an absolute path, stops a debugger at its first line. */
export function breakAt(file: string): void {
  breakFile = file
}

const STOP = 'debugger;'

/** Maps the name of a source in a source map to its path on this machine, or to a URL if it is no file. */
type SourceOf = (source: string | null) => string

/** The code for V8 to compile. While no inspector is open that is the code as it is. The given map is packed. */
export function debuggable(packed: MappedCode, sourceOf: SourceOf): string {
  if (!isDebugging()) return packed.code
  const mapped = { code: packed.code, map: packed.map === null ? null : unpack(packed.map) }
  const isStop = breakFile !== undefined && sourceOf(null) === breakFile
  if (isStop) breakFile = undefined
  const { code, map } = isStop ? withStop(mapped) : mapped
  return map === null ? code : code + mapComment(map, sourceOf)
}

const COMMENT = `\n//# ${'source'}MappingURL=data:application/json;charset=utf-8;base64,`

/** `true` if a text has a source map comment of ours. */
export function isDebuggable(text: string): boolean {
  return text.includes(COMMENT)
}

/** A source map as the comment at the end of its code. The paths of its sources become file URLs of this machine. */
export function mapComment(map: string, sourceOf: SourceOf): string {
  const parsed = JSON.parse(map) as { sources: (string | null)[] }
  const sources = parsed.sources.map((source) => {
    const found = sourceOf(source)
    return isAbsolute(found) ? pathToFileURL(found).href : found
  })
  return COMMENT + Buffer.from(JSON.stringify({ ...parsed, sources, sourceRoot: '' })).toString('base64')
}

/** Puts a `debugger` statement before the first line that has a source: behind lines that Vite has added, before any import. */
function withStop({ code, map }: MappedCode): MappedCode {
  const lines = code.split('\n')
  const decoded = map === null ? undefined : decodedMap(new TraceMap(JSON.parse(map) as SourceMapInput))
  const mappings = decoded?.mappings as SourceMapSegment[][] | undefined
  const first = mappings
    ? mappings.findIndex((line) => line.some(({ length }) => length > 1))
    : Number(code.startsWith('#!'))
  if (first < 0 || lines[first] === undefined) return { code, map }
  lines[first] = STOP + lines[first]
  if (!decoded || !mappings) return { code: lines.join('\n'), map }
  const [, ...source] = mappings[first]!.find(({ length }) => length > 1)!
  const moved = mappings[first]!.map(([column, ...rest]) => [column + STOP.length, ...rest])
  mappings[first] = [[0, ...source], ...moved] as SourceMapSegment[]
  return { code: lines.join('\n'), map: JSON.stringify(encodedMap(new TraceMap(decoded))) }
}
