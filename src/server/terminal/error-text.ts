/** An error as the terminal shows it: what failed, where, the code, and the frames of the user's own files. */
import colors from 'picocolors'
import { type ErrorCode, type FlatError, frameOf, isOfTransform, placeOf } from '../../shared/errors.ts'
import { firstPlace, type Place, readFrame } from '../../shared/util/code-frame.ts'
import { isOwnCode } from '../../shared/util/dist-files.ts'

/** What failed. `undefined` is this package's own word, which says it all. */
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

/** Which part of a save's way an error comes from. */
function whatFailed(error: FlatError): Failed {
  const { code } = error
  if (isOfTransform(error)) return 'transform'
  if (code !== undefined && CONNECTION.has(code)) return 'connection'
  return code !== undefined && OWN.has(code) ? undefined : 'your code'
}

/** The text for people. Paths below `root` are relative, `file:line:column` as terminals and editors follow it. */
export function describeFailure(error: FlatError, root: string): string {
  const failed = whatFailed(error)
  if (failed === undefined) return describe(error, root)
  const place = failed === 'your code' ? firstPlace(error.stack ?? '', (file) => file.startsWith(root)) : undefined
  const where = failed === 'transform' ? sourceOf(error) : place && `${place.file}:${place.line}:${place.column}`
  const head = colors.red(`${failed} failed${where ? ':' : ''}`)
  return `${where ? `${head} ${colors.cyan(short(where, root))}` : head}\n${describe(error, root, place)}`
}

function describe(error: FlatError, root: string, place?: Place): string {
  const { name, message, stack = '', cause, code } = error
  const isTransform = whatFailed(error) === 'transform'
  // an error of ours says what is to be said, and comes from nowhere in the app
  const isOurs = name === 'TetherError'
  const lines = [isOurs ? message : `${colors.red(name)}: ${message.trimEnd()}`]
  const frame = frameOf({ message, frame: error.frame ?? (place ? readFrame(place) : '') })
  if (frame) lines.push(frame)
  if (isTransform) return lines.join('\n')
  for (const line of isOurs ? [] : stack.split('\n').filter(isOfUser)) lines.push(colors.dim(short(line, root)))
  // of a package that is not found, Node's own words would be a repetition
  if (cause && code !== 'ERR_MODULE_NOT_FOUND') lines.push(`caused by ${describe(cause, root)}`)
  return lines.join('\n')
}

function sourceOf(error: FlatError): string | undefined {
  const place = placeOf(error)
  if (error.loc || !place) return place
  // the compiler says it in the picture that it draws only
  const [, drawn] = /\u256d\u2500\[ .+(:\d+:\d+) \]/.exec(error.message) ?? []
  return place + (drawn ?? '')
}

function short(text: string, root: string): string {
  return text.replace(`${root}/`, '')
}

/** Frames of node, Vite and this package say nothing to the reader of an error in his own code. */
function isOfUser(line: string): boolean {
  return (
    /^\s+at .*:\d+:\d+\)?$/.test(line) &&
    !/\(?(node:|file:.*\/node_modules\/vite\/|.*\/node_modules\/(?:rolldown|vite-node)\/|.*\/vite-tether\/dist\/)/.test(
      line,
    ) &&
    !isOwnCode(line)
  )
}
