/**
 * The one table of error codes, and how errors cross the wire: flattened on one side, revived on the other.
 */
import { stripVTControlCharacters } from 'node:util'

/** Every code that this package throws or reports, with what it means. */
export const ERROR_CODES = {
  ERR_CONNECT: 'no server answered at the address',
  ERR_UNAUTHORIZED: 'the token was refused, or the server did not prove that it knows it',
  ERR_FORBIDDEN:
    'the request came from a browser page, named a host that is not allowed, or came from another machine without TLS',
  ERR_VERSION: 'the two sides speak different protocol versions',
  ERR_PROTOCOL: 'the other side sent a frame that the protocol does not allow',
  ERR_TOO_LARGE: 'a message exceeds the size limit',
  ERR_BACKPRESSURE: 'the buffer for messages that the other side has not taken is full',
  ERR_DEADLINE: 'a call was not answered in time',
  ERR_CLOSED: 'the runner or the hub was closed',
  ERR_MODULE_NOT_FOUND: 'a module or package does not exist, or may not be served',
  ERR_TRANSFORM: 'Vite could not transform a module',
  ERR_CONFIG: 'an option, or the combination of plugins, is not valid',
  ERR_ENTRY: 'the entry does not exist or is not a file',
  ERR_KEY: 'two modules keep a value under the same key',
  ERR_START: 'the app process could not be started',
} as const

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES

/** An error of this package. The message names the thing, what was expected, what was received and how to mend it. */
export class TetherError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TetherError'
    this.code = code
  }
}

/** An error as JSON. */
export interface FlatError {
  name: string
  message: string
  stack?: string
  code?: string
  /** Code frame, position, plugin and module of a transform error, as Vite and Rollup attach them. */
  frame?: string
  loc?: { file?: string; line: number; column: number }
  plugin?: string
  id?: string
  cause?: FlatError
}

/** How deep a chain of causes is followed. */
const MAX_CAUSES = 8

/** Turns anything thrown into JSON, keeping what a reader needs. */
export function flattenError(thrown: unknown, depth = 0): FlatError {
  if (!(thrown instanceof Error)) {
    // errors of another realm (vm contexts, vite's own) are recognised by shape
    if (typeof thrown !== 'object' || thrown === null || typeof (thrown as Error).message !== 'string') {
      return { name: 'Error', message: String(thrown) }
    }
  }
  const error = thrown as Error & Partial<FlatError>
  const flat: FlatError = { name: error.name || 'Error', message: error.message }
  if (typeof error.stack === 'string') flat.stack = error.stack
  if (typeof error.code === 'string') flat.code = error.code
  if (typeof error.frame === 'string') flat.frame = error.frame
  if (typeof error.plugin === 'string') flat.plugin = error.plugin
  if (typeof error.id === 'string') flat.id = error.id
  const loc = error.loc
  if (typeof loc === 'object' && loc !== null && typeof loc.line === 'number' && typeof loc.column === 'number') {
    flat.loc = { line: loc.line, column: loc.column, ...(typeof loc.file === 'string' && { file: loc.file }) }
  }
  if (isOfTransform(flat)) uncolour(flat)
  if (error.cause !== undefined && depth < MAX_CAUSES) flat.cause = flattenError(error.cause, depth + 1)
  return flat
}

/** `true` if an error comes from a transform: Vite and Rollup attach to those what they are about. */
export function isOfTransform({ plugin, frame, loc }: FlatError): boolean {
  return plugin !== undefined || frame !== undefined || loc !== undefined
}

/**
 * Compilers draw in colours wherever they run. The app reads `error.message`, a log or a pipe shows it: escape codes would stand
 * in all of them, whatever NO_COLOR says.
 */
function uncolour(flat: FlatError): void {
  flat.message = stripVTControlCharacters(flat.message)
  if (flat.stack !== undefined) flat.stack = stripVTControlCharacters(flat.stack)
  if (flat.frame !== undefined) flat.frame = stripVTControlCharacters(flat.frame)
}

const CONSTRUCTORS: Record<string, ErrorConstructor> = { SyntaxError, TypeError, RangeError, ReferenceError }

/** Makes an `Error` of the same name, message, stack and details again. */
export function reviveError(flat: FlatError): Error & Omit<FlatError, 'name' | 'message' | 'stack' | 'cause'> {
  const Constructor = Object.hasOwn(CONSTRUCTORS, flat.name) ? CONSTRUCTORS[flat.name]! : Error
  const error = new Constructor(flat.message, flat.cause ? { cause: reviveError(flat.cause) } : undefined)
  if (error.name !== flat.name) {
    Object.defineProperty(error, 'name', { value: flat.name, configurable: true, writable: true })
  }
  if (flat.stack !== undefined) error.stack = flat.stack
  const { code, frame, loc, plugin, id } = flat
  for (const [key, value] of Object.entries({ code, frame, loc, plugin, id })) {
    if (value !== undefined)
      Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return error as ReturnType<typeof reviveError>
}

/** The place that an error is about, `file:line:column`, as far as it says so itself. */
export function placeOf({ loc, id }: Pick<FlatError, 'loc' | 'id'>): string | undefined {
  const file = loc?.file ?? id
  return file && file + (loc ? `:${loc.line}:${loc.column}` : '')
}

/** The lines of code that an error is about, unless its message shows them. */
export function frameOf({ frame, message }: Pick<FlatError, 'frame' | 'message'>): string | undefined {
  return frame && !message.includes(frame.trim()) ? frame : undefined
}
