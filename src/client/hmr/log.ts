/** What the engine says to people. */

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
