/** Replaces functions by ones that tell of each call before they do what they did. */
import { type Caller, callerOf } from './callers.ts'

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/** Is told the arguments of a call, and whose it is. */
export type Note = (args: unknown[], by: Caller) => void

/** Replaces `object[name]`, if there is such a function. */
export type Patch = (object: object, name: string, note: Note) => void

/** Returns what replaces functions, and what puts back all of them. */
export function createPatches(): { patch: Patch; undo: () => void } {
  const undone: (() => void)[] = []
  return {
    patch(object, name, note) {
      const own = Object.getOwnPropertyDescriptor(object, name)
      const original = (object as Record<string, unknown>)[name]
      if (!own?.configurable || typeof original !== 'function') return
      // some of `node:crypto` are getters
      const { enumerable = false, configurable } = own
      const value = notingFor(original as AnyFunction, note)
      Object.defineProperty(object, name, { value, enumerable, configurable, writable: true })
      undone.push(() => void Object.defineProperty(object, name, own))
    },
    undo() {
      for (const undo of undone.splice(0)) undo()
    },
  }
}

function notingFor(original: AnyFunction, note: Note): AnyFunction {
  const noting = function (this: unknown, ...args: unknown[]): unknown {
    note(args, callerOf(noting))
    return new.target ? (Reflect.construct(original, args, new.target) as unknown) : original.apply(this, args)
  }
  const own = Object.getOwnPropertyDescriptors(original) as Record<PropertyKey, PropertyDescriptor>
  // other ways to call it, as `realpath.native`, or what `promisify()` takes instead of `execFile`
  for (const key of Reflect.ownKeys(own)) {
    const descriptor = own[key]!
    const value = descriptor.value as unknown
    // what `promisify()` takes says of itself that it is that
    if (value === original) descriptor.value = noting
    else if (typeof value === 'function') descriptor.value = notingFor(value as AnyFunction, note)
  }
  return Object.defineProperties(noting, own)
}
