/** The end of the command with an error. */
import { stripVTControlCharacters } from 'node:util'
import colors from 'picocolors'
import { describeError } from '../shared/describe-error.ts'
import { flattenError } from '../shared/errors.ts'
import { installLine } from './install-line.ts'

export const NAME = colors.cyan('[vite-tether]')

/** The file that Vite makes of its config, which is gone by the time that anybody could look for it. */
const BUNDLE = /(?:node_modules[\\/]\.vite-temp[\\/])?([^\\/]+)\.timestamp-\d+-[\da-f]+\.mjs/g

/** Says what is wrong, and exits with `code`. */
export function fail(error: unknown, code: number): void {
  // the frames of Vite, of Node and of this package say nothing about the config that Vite could not load
  const described = (error instanceof Error ? describe(error) : String(error)).replaceAll(BUNDLE, '$1')
  const text = colors.isColorSupported ? described : stripVTControlCharacters(described)
  console.error(`${NAME} ${colors.red(text)}`)
  process.exit(code)
}

function describe(error: Error): string {
  const flat = flattenError(firstOf(error))
  // such an error of Rolldown's has the place in the lines that it draws
  const text = describeError(flat, { hasPlace: flat.message.includes('\u256d') })
  const missing = flat.code === 'ERR_MODULE_NOT_FOUND' && /^Cannot find package '([^']+)'/.exec(flat.message)?.[1]
  return missing ? `${text}. Install it: ${installLine(process.cwd(), missing)}` : text
}

/** Rolldown's error about a config is a list of what it has found, and its own message only counts them. */
function firstOf(error: Error): unknown {
  const { errors } = error as { errors?: unknown }
  return Array.isArray(errors) && errors.length > 0 ? errors[0] : error
}
