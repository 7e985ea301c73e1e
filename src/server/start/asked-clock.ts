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
  return () => {
    globalThis.Date = original
  }
}
