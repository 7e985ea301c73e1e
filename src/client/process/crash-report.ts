/** The report of an error that ends the app process: once, with the mapped stack, and no transformed code. */
import { inspect, stripVTControlCharacters } from 'node:util'
import { describeError } from '../../shared/describe-error.ts'
import { type FlatError, flattenError } from '../../shared/errors.ts'
import { importPlace } from '../../shared/import-place.ts'
import type { Failure } from '../../shared/ports.ts'
import { firstPlace, readFrame } from '../../shared/util/code-frame.ts'
import { isOwnCode } from '../../shared/util/dist-files.ts'
import { adviceFor } from './advice.ts'

/**
 * Replaces Node's own report, which quotes a line of the transformed code. An app that listens to `uncaughtException` gets
 * its errors as ever. `tell` gets the error too, and the report without colours; `hint` may print what else is known.
 */
export function installCrashReport(
  exit: (code: number) => void,
  tell?: (failure: Failure) => void,
  hint?: () => void,
): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return
    // Node writes its diagnostic report on the way that we would leave
    if (process.report?.reportOnUncaughtException) return
    // above the report, whose stack may be long: what to do about it is looked for in the first lines
    hint?.()
    const advice = adviceFor(error)
    if (advice) process.stderr.write(`[vite-tether] ${advice}\n`)
    process.stderr.write(`${formatCrash(error, process.stderr.hasColors?.() ?? false)}\n`)
    tell?.(failureOf(error))
    exit(1)
  })
}

function failureOf(error: unknown): Failure {
  const text = stripVTControlCharacters(formatCrash(error, false))
  const flat = flattenError(error)
  // the stack of an error of ours does not lead to the app, but its text does
  return { text, error: flat.name === 'TetherError' ? { ...flat, stack: text } : flat }
}

/** The text of a crash: place and cause for code that could not be transformed, else Node's own text. */
export function formatCrash(thrown: unknown, colors: boolean): string {
  const { name, message, frame, plugin } = (thrown ?? {}) as Record<string, unknown>
  // an error of ours has its way out in its message, and none of its frames is the app's: no stack
  if (name === 'TetherError') return `[vite-tether] ${message}${importOf(String(message))}`
  if (typeof message !== 'string' || (typeof frame !== 'string' && typeof plugin !== 'string')) {
    const text = withoutInternals(inspect(thrown, { colors }))
    return thrown instanceof Error ? withPlace(text, frameOf(thrown)) : `Uncaught ${text}`
  }
  const text = describeError({ ...(thrown as FlatError), name: String(name), message })
  return colors ? text : stripVTControlCharacters(text)
}

/** The import of a module or package that was not found: its place and code, where the source is on this machine. */
function importOf(message: string): string {
  const [, what, importer] =
    /^Cannot (?:find|load) (?:module|package) '([^']+)' imported from '([^']+)'/.exec(message) ?? []
  const place = what && importer && importPlace(importer, what)
  return place ? `\n    at ${place.file}:${place.line}:${place.column}\n${readFrame(place)}` : ''
}

/** The place where it was thrown, with its code: the first frame of the app's own. */
function frameOf({ stack }: Error): string {
  const place = firstPlace(stack ?? '', (file) => !isOwnCode(file))
  const frame = place ? readFrame(place) : ''
  return place && frame ? `${place.file}:${place.line}:${place.column}\n${frame}` : ''
}

/** A message of one line comes before the place, so that nobody has to look for it below the code; a longer one after it, as under Node. */
function withPlace(text: string, place: string): string {
  if (place === '') return text
  const end = text.indexOf('\n')
  const isShort = end > 0 && /^\s+at /.test(stripVTControlCharacters(text.slice(end + 1)))
  return isShort ? `${text.slice(0, end)}\n${place}${text.slice(end)}` : `${place}\n\n${text}`
}

/**
 * Drops frames of Node's internals and of this package. Frames of Node's public modules (`node:fs`) stay: they show which function
 * was called. A stack without other frames stays as it is.
 */
function withoutInternals(text: string): string {
  const lines = text.split('\n')
  // colours stand in the middle of paths
  const isFrame = (line: string) => /^\s+at /.test(stripVTControlCharacters(line))
  const isInternal = (line: string) => {
    const plain = stripVTControlCharacters(line)
    return isOwnCode(plain) || /\(?node:internal\//.test(plain)
  }
  // the frame that ends a stack opens the properties of its error
  const opens = (line: string) => /^\s+at .* \{$/.test(stripVTControlCharacters(line))
  const rest: string[] = []
  for (const line of lines) {
    if (!isFrame(line) || !isInternal(line)) rest.push(line)
    else if (opens(line)) rest.push(`${rest.pop()} {`)
  }
  return rest.some(isFrame) ? rest.join('\n') : text
}
