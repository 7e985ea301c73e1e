/** The log lines of the HMR engine. */

/** The receiver of log lines; each begins with `[vite-tether]`. All methods are optional. */
export interface Logger {
  /**
   * Updates, reloads and the like. @default `debug`, or else `console.info`
   * @param message one or more lines
   */
  info?(message: string): void
  /**
   * Details. @default `info`, or else nothing
   * @param message one or more lines
   */
  debug?(message: string): void
  /**
   * Failed updates and errors of callbacks. @default `console.error`
   * @param message one or more lines
   */
  error?(message: string): void
}

/** A logger with all methods. */
export type Log = Required<Logger>

/** Completes a logger, and puts `[vite-tether]` before each message. */
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
