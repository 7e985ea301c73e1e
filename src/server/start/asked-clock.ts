/** Watches who asks for the date. Two processes may see the same year. A number of milliseconds is another one for each. */
import { type Caller, callerOf } from './callers.ts'

/** Milliseconds: a date so near is made of the clock. */
const NEAR = 366 * 24 * 60 * 60 * 1000

/** Has `asked` told of each. Returns what takes it away again. */
export function watchClock(asked: (by: Caller) => void): () => void {
  const { Date: original } = globalThis
  const isClock = ([given, ...more]: unknown[]) =>
    given === undefined || (more.length === 0 && typeof given === 'number' && Math.abs(given - original.now()) < NEAR)
  const construct = (target: DateConstructor, args: [], newTarget: DateConstructor): Date => {
    if (isClock(args)) asked(callerOf(construct))
    return Reflect.construct(target, args, newTarget === watched ? target : newTarget) as Date
  }
  const apply = (target: DateConstructor): string => {
    asked(callerOf(apply))
    return target()
  }
  const watched: DateConstructor = new Proxy(original, { construct, apply } as ProxyHandler<DateConstructor>)
  globalThis.Date = watched
  // a date leads to it as well
  original.prototype.constructor = watched
  const restoreFormats = watchFormats(asked)
  return () => {
    globalThis.Date = original
    original.prototype.constructor = original
    restoreFormats()
  }
}

/** A format that is given no date writes that of now. */
function watchFormats(asked: (by: Caller) => void): () => void {
  const { prototype } = Intl.DateTimeFormat
  const { format, formatToParts } = Object.getOwnPropertyDescriptors(prototype)
  const isWatched = new WeakMap<object, (date?: Date | number) => string>()
  function watchedFormat(this: Intl.DateTimeFormat) {
    const original = (format.get as unknown as () => typeof formatted).call(this)
    const formatted = (date?: Date | number) => {
      if (date === undefined) asked(callerOf(formatted))
      return original(date)
    }
    // it is the same function each time
    const known = isWatched.get(this)
    if (known) return known
    isWatched.set(this, formatted)
    return formatted
  }
  const parts = formatToParts.value as Intl.DateTimeFormat['formatToParts']
  function watchedParts(this: Intl.DateTimeFormat, date?: Date | number) {
    if (date === undefined) asked(callerOf(watchedParts))
    return parts.call(this, date)
  }
  Object.defineProperty(prototype, 'format', { ...format, get: watchedFormat })
  Object.defineProperty(prototype, 'formatToParts', { ...formatToParts, value: watchedParts })
  return () => void Object.defineProperties(prototype, { format, formatToParts })
}
