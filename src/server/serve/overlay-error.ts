/** An error of the app as Vite's overlay shows it. */
import type { ErrorPayload } from 'vite'
import { describeError } from '../../shared/describe-error.ts'
import { type FlatError, frameOf, isOfTransform } from '../../shared/errors.ts'
import { firstPlace, readFrame } from '../../shared/util/code-frame.ts'

/** The payload for Vite's client; `app` is the app's name. */
export function overlayError(app: string, error: FlatError, root: string): ErrorPayload {
  const { name, message, plugin, id, loc } = error
  const stack = describeError(error, { hasPlace: true }).split('\n').filter(isFrame).join('\n')
  if (isOfTransform(error)) {
    const frame = frameOf(error)
    return {
      type: 'error',
      err: { message, stack, plugin: plugin ?? app, ...(id && { id }), ...(frame && { frame }), ...(loc && { loc }) },
    }
  }
  const place = firstPlace(error.stack ?? '', (file) => file.startsWith(root))
  return {
    type: 'error',
    err: {
      message: name === 'TetherError' ? message : `${name}: ${message}`,
      stack,
      plugin: app,
      ...(place && { id: place.file, loc: place, frame: readFrame(place) }),
    },
  }
}

const isFrame = (line: string): boolean => /^\s+at /.test(line)
