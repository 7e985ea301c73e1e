/** What the engine says to people. */
import { type FlatError, flattenError, frameOf, placeOf } from '../../shared/errors.ts'

/** Where lines go. A method that is absent falls back on a neighbour and last on the console. */
export interface Logger {
  info?(message: string): void
  debug?(message: string): void
  error?(message: string): void
}

/** A logger without gaps. */
export type Log = Required<Logger>

/** Completes a logger; every line starts with `[vite-tether]`. */
export function createLog(logger: Logger = {}): Log {
  const info = logger.info ?? logger.debug
  const debug = logger.debug ?? logger.info
  const { error } = logger
  const tag = (message: string) => `[vite-tether] ${message}`
  return {
    info: (message) => (info ? info.call(logger, tag(message)) : console.info(tag(message))),
    debug: (message) => debug?.call(logger, tag(message)),
    error: (message) => (error ? error.call(logger, tag(message)) : console.error(tag(message))),
  }
}

/** An error as people read it: a transform error with its place and code frame, any other with its stack and causes. */
export function describeError(thrown: unknown): string {
  return describe(flattenError(thrown))
}

function describe(error: FlatError): string {
  const { name, message, stack, frame, plugin, id, loc, cause } = error
  if (frame === undefined && loc === undefined) {
    const text = stack ?? `${name}: ${message}`
    return cause ? `${text}\n  caused by: ${describe(cause)}` : text
  }
  const file = loc?.file ?? id
  const at = file && !message.includes(file) ? `\n  at ${placeOf(error)}` : ''
  const shown = frameOf(error)
  return `${message}${plugin ? ` (plugin ${plugin})` : ''}${at}${shown ? `\n${shown}` : ''}`
}
