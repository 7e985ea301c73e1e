/** An error as the terminal shows it: what failed, where, the code, and the frames of the user's own files. */
import colors from 'picocolors'
import { describeError } from '../../shared/describe-error.ts'
import { type ErrorCode, type FlatError, isOfTransform, placeOf } from '../../shared/errors.ts'
import { firstPlace, readFrame } from '../../shared/util/code-frame.ts'

/** The part that failed; `undefined` for an error of this package, whose message is complete. */
type Failed = 'transform' | 'your code' | 'connection' | undefined

const CONNECTION = new Set<string>([
  'ERR_CONNECT',
  'ERR_UNAUTHORIZED',
  'ERR_FORBIDDEN',
  'ERR_VERSION',
  'ERR_PROTOCOL',
  'ERR_TOO_LARGE',
  'ERR_BACKPRESSURE',
  'ERR_DEADLINE',
  'ERR_CLOSED',
] satisfies ErrorCode[])
const OWN = new Set<string>(['ERR_CONFIG', 'ERR_ENTRY', 'ERR_START', 'ERR_KEY'] satisfies ErrorCode[])

/** The part that an error comes from, by its code. */
function whatFailed(error: FlatError): Failed {
  const { code } = error
  if (isOfTransform(error)) return 'transform'
  if (code !== undefined && CONNECTION.has(code)) return 'connection'
  return code !== undefined && OWN.has(code) ? undefined : 'your code'
}

/** The text of an error. Paths below `root` are relative; places are `file:line:column`, which terminals and editors open. */
export function describeFailure(error: FlatError, root: string): string {
  const failed = whatFailed(error)
  const style = { name: colors.red, dim: colors.dim, short: (line: string) => short(line, root), hasPlace: true }
  if (failed === undefined) return describeError(error, style)
  const place = failed === 'your code' ? firstPlace(error.stack ?? '', (file) => file.startsWith(root)) : undefined
  const where = failed === 'transform' ? placeOf(error) : place && `${place.file}:${place.line}:${place.column}`
  const head = colors.red(`${failed} failed${where ? ':' : ''}`)
  return `${where ? `${head} ${colors.cyan(short(where, root))}` : head}\n${describeError(error, { ...style, ...(place && { lines: readFrame(place) }) })}`
}

/** The same in one line, for what the lines of code are shown of elsewhere. */
export function summarizeFailure(error: FlatError): string {
  const [first = '', second] = error.message.split('\n').filter((line) => line.trim() !== '')
  // a compiler's first line counts its errors, of which the second is the first
  const what = first.endsWith(':') && second ? second : first
  const where = isOfTransform(error) ? placeOf(error) : undefined
  return where ? `${what} (${where})` : what
}

function short(text: string, root: string): string {
  return text.replace(`${root}/`, '')
}
