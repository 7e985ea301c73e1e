/** The end of the command with an error. */
import { stripVTControlCharacters } from 'node:util'
import colors from 'picocolors'
import { describeError } from '../shared/describe-error.ts'
import { flattenError } from '../shared/errors.ts'

export const NAME = colors.cyan('[vite-tether]')

/** Says what is wrong, and exits with `code`. */
export function fail(error: unknown, code: number): void {
  // the frames of Vite, of Node and of this package say nothing about the config that Vite could not load
  const described = error instanceof Error ? describeError(flattenError(error)) : String(error)
  const text = colors.isColorSupported ? described : stripVTControlCharacters(described)
  console.error(`${NAME} ${colors.red(text)}`)
  process.exit(code)
}
