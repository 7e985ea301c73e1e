/** An error in words, the same wherever it is shown: what it is, where, the lines of code, the frames of the reader's files, causes. */
import { type FlatError, frameOf, isOfTransform, placeOf } from './errors.ts'
import { isOwnCode } from './util/dist-files.ts'

/** Differences between the places that show errors. */
export interface ErrorStyle {
  /** Marks the name of an error. */
  name?: (text: string) => string
  /** Marks what is less important. */
  dim?: (text: string) => string
  /** Shortens the paths in a line. */
  short?: (line: string) => string
  /** The lines of code that the error is about, if it does not bring them along. */
  lines?: string
  /** The place is shown already. */
  hasPlace?: boolean
}

const same = (text: string): string => text

/** The text for people. */
export function describeError(error: FlatError, style: ErrorStyle = {}): string {
  const { name, message, stack = '', cause, code } = error
  const { name: mark = same, dim = same, short = same, lines: excerpt = '', hasPlace = false } = style
  const isTransform = isOfTransform(error)
  // an error of ours says what is to be said, and comes from nowhere in the app
  const isOurs = name === 'TetherError'
  const text = [isOurs ? message : `${mark(name)}: ${message.trimEnd()}`]
  const place = isTransform && !hasPlace ? placeOf(error) : undefined
  if (place !== undefined) text.push(`    at ${place}`)
  const frame = frameOf({ message, frame: error.frame ?? excerpt })
  if (frame) text.push(frame)
  // the stack of a transform error is that of Vite
  if (isTransform) return text.join('\n')
  for (const line of isOurs ? [] : stack.split('\n').filter(isOfReader)) text.push(dim(short(line)))
  // of a package that is not found, Node's own words would be a repetition
  if (cause && code !== 'ERR_MODULE_NOT_FOUND') text.push(`caused by ${describeError(cause, { ...style, lines: '' })}`)
  return text.join('\n')
}

/** Frames of node, Vite and this package say nothing to the reader of an error in his own code. */
function isOfReader(line: string): boolean {
  return (
    /^\s+at .*:\d+:\d+\)?$/.test(line) &&
    !/\(?(node:|file:.*\/node_modules\/vite\/|.*\/node_modules\/(?:rolldown|vite-node)\/|.*\/vite-tether\/dist\/)/.test(
      line,
    ) &&
    !isOwnCode(line)
  )
}
