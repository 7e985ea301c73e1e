/** An error as the page shows it: with the lines of code it is about, as they are at this moment. */
import { type FlatError, frameOf, isOfTransform, placeOf } from '../../shared/errors.ts'
import { firstPlace, readFrame } from '../../shared/util/code-frame.ts'
import type { ShownError } from './page-types.ts'

/** Greatest length of a message, a frame or a stack. */
const LONGEST = 8000

/** Paths below `root` are relative in `place`. */
export function showError(error: FlatError, root: string): ShownError {
  const { name, message, stack } = error
  const found = isOfTransform(error) ? undefined : firstPlace(stack ?? '', (file) => file.startsWith(root))
  const place = found ? `${found.file}:${found.line}:${found.column}` : placeOf(error)
  const frame = found ? readFrame(found) : frameOf(error)
  return {
    name,
    message: message.slice(0, LONGEST),
    ...(place && { place: place.replace(`${root}/`, '') }),
    ...(frame && { frame: frame.slice(0, LONGEST) }),
    ...(stack && !isOfTransform(error) && { stack: stack.slice(0, LONGEST) }),
  }
}
