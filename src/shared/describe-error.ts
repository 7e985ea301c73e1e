/** An error in words, the same wherever it is shown: what it is, where, the lines of code, the frames of the reader's files, causes. */
import { type FlatError, frameOf, isOfTransform, placeOf } from './errors.ts'
import { isOwnCode } from './util/dist-files.ts'

/** Options of `describeError`: the differences between the places that show errors. */
export interface ErrorStyle {
  /** Marks the name of an error. */
  name?: (text: string) => string
  /** Marks what is less important. */
  dim?: (text: string) => string
  /** Shortens the paths in a line. */
  short?: (line: string) => string
  /** The lines of code that the error is about, for an error without `frame`. */
  lines?: string
  /** The caller has shown the place (`file:line:column`) already: it is left out. */
  hasPlace?: boolean
}

const same = (text: string): string => text

/** The text of an error for the terminal, with its causes. */
export function describeError(error: FlatError, style: ErrorStyle = {}): string {
  const { name, message, stack = '', cause, code } = error
  const { name: mark = same, dim = same, short = same, lines: excerpt = '', hasPlace = false } = style
  const isTransform = isOfTransform(error)
  // a TetherError's message is complete, and its stack has only frames of this package: neither name nor stack is shown
  const isOurs = name === 'TetherError'
  const text = [isOurs ? message : `${mark(name)}: ${message.trimEnd()}`]
  const place = isTransform && !hasPlace ? placeOf(error) : undefined
  if (place !== undefined) text.push(`    at ${place}`)
  const frame = frameOf({ message, frame: error.frame ?? excerpt })
  if (frame) text.push(frame)
  // the stack of a transform error has only frames of Vite and its plugins
  if (isTransform) return text.join('\n')
  for (const line of isOurs ? [] : stack.split('\n').filter(isOfReader)) text.push(dim(short(line)))
  // the cause of "package not found" is Node's own error, which says the same again
  if (cause && code !== 'ERR_MODULE_NOT_FOUND') text.push(`caused by ${describeError(cause, { ...style, lines: '' })}`)
  return text.join('\n')
}

/**
 * `true` for a stack frame in the app's code or its packages; frames of Node, Vite and this package are left out, and those of the
 * bundle that Vite makes of its config, which is gone by the time that anybody reads this.
 */
function isOfReader(line: string): boolean {
  return (
    /^\s+at .*:\d+:\d+\)?$/.test(line) &&
    !/\(?(node:|file:.*\/node_modules\/vite\/|.*\/node_modules\/(?:rolldown|vite-node)\/|.*\/vite-tether\/dist\/|.*\/\.vite-temp\/)/.test(
      line,
    ) &&
    !isOwnCode(line)
  )
}
