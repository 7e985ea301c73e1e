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
  ERR_ENTRY: 'the entry does not exist or is not a file, or answers no requests where it is to',
  ERR_KEY: 'two modules keep a value under the same key',
  ERR_START: 'the app process could not be started',
} as const

/** A code of `ERROR_CODES`. */
export type ErrorCode = keyof typeof ERROR_CODES

/** An error of this package. The message names the thing, what was expected, what was received and how to mend it. */
export class TetherError extends Error {
  /** Identifies the kind of error; messages may change. */
  readonly code: ErrorCode

  /** More than one file of this package has this class: the server's and that of the app's process. @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'TetherError' && 'code' in value
  }

  /**
   * @param code the kind of error
   * @param message the text for the user
   * @param options as of `Error`
   * @param options.cause the error behind this one
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TetherError'
    this.code = code
  }
}

/** An error as JSON. `frame`, `loc`, `plugin` and `id` are those of a transform error, as Vite and Rollup attach them. */
export interface FlatError {
  /** The name of its class, `TypeError` for example; `Error` for a thrown value that is none. */
  name: string
  /** Its message, or a thrown value that is no error as text. */
  message: string
  /** Its stack trace. */
  stack?: string
  /** A code of this package ({@link ErrorCode}) or of Node (`ENOENT`). */
  code?: string
  /** The lines of code around `loc`, with a mark. */
  frame?: string
  /** The position in the source. */
  loc?: {
    /** The path of the source; that of the module `id` if it is absent. */
    file?: string
    /** Counted from 1. */
    line: number
    /** As the compiler counts them: from 0 or from 1. */
    column: number
  }
  /** The Vite plugin that threw. */
  plugin?: string
  /** The module id that was being transformed. */
  id?: string
  /** The error's own `cause`, at most 8 deep. */
  cause?: FlatError
}

/** Causes of causes that are kept, at most: a cycle of causes ends here. */
const MAX_CAUSES = 8

/** Turns anything thrown into JSON. */
export function flattenError(thrown: unknown, depth = 0): FlatError {
  if (!(thrown instanceof Error)) {
    // an error of another realm (a vm context, for example) is no instance of this realm's Error: it is known by its message
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

/** `true` if an error comes from a transform: Vite and Rollup attach plugin, frame or position to those. */
export function isOfTransform({ plugin, frame, loc }: FlatError): boolean {
  return plugin !== undefined || frame !== undefined || loc !== undefined
}

/**
 * Removes escape codes. Compilers colour their code frames even where NO_COLOR is set or nothing is a terminal; without this the
 * app would find the codes in `error.message`, and logs and pipes would show them.
 */
function uncolour(flat: FlatError): void {
  flat.message = stripVTControlCharacters(flat.message)
  if (flat.stack !== undefined) flat.stack = stripVTControlCharacters(flat.stack)
  if (flat.frame !== undefined) flat.frame = stripVTControlCharacters(flat.frame)
}

const CONSTRUCTORS: Record<string, ErrorConstructor> = { SyntaxError, TypeError, RangeError, ReferenceError }

/** The opposite of `flattenError`: an `Error` of the same name, message, stack and details. */
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

/** The place that a transform error is about: `file:line:column`, `file` if it has no position, or `undefined`. */
export function placeOf({ loc, id, message }: Pick<FlatError, 'loc' | 'id' | 'message'>): string | undefined {
  const file = loc?.file ?? id
  if (!file) return undefined
  if (loc) return `${file}:${loc.line}:${loc.column}`
  // the position of such an error of Rolldown's is only in the frame that it draws in its message
  const [, drawn = ''] = /\u256d\u2500\[ .+(:\d+:\d+) \]/.exec(message) ?? []
  return file + drawn
}

/** The code frame of an error, or `undefined` if its message contains the frame already. */
export function frameOf({ frame, message }: Pick<FlatError, 'frame' | 'message'>): string | undefined {
  return frame && !message.includes(frame.trim()) ? frame : undefined
}
