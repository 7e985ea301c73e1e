/**
 * Namespace objects as Vite's own evaluator makes them: live getters, sealed when the module has run. Each getter reads through a
 * slot: a module can be evaluated again into the same object, and importers that hold the object see the new bindings.
 */
import { type InspectOptions, inspect } from 'node:util'
import type { ModuleNamespace } from '../module-types.ts'

interface Slot {
  read: () => unknown
  /** Defined by an earlier run (`before`), by `prelink` for the coming run (`linked`), or by the present run (`now`). */
  defined: 'before' | 'linked' | 'now'
}

/** The namespaces of all modules. */
const namespaces = new WeakSet<object>()

/** The exports of one module. */
export class ModuleExports {
  /** The namespace object, which importers hold. */
  readonly object: ModuleNamespace
  /** Set by code that assigns to `module.exports` or `exports`. It may do so at any time, so its namespace is never sealed. */
  dynamic = false
  readonly #slots = new Map<string, Slot>()

  constructor() {
    this.object = Object.defineProperty(Object.create(null), Symbol.toStringTag, {
      value: 'Module',
      enumerable: false,
      configurable: false,
    }) as ModuleNamespace
    Object.defineProperty(this.object, inspect.custom, { value: show, enumerable: false })
    namespaces.add(this.object)
  }

  /** Begins a run. Names that the run does not define again are deleted when it ends. */
  begin(): void {
    for (const slot of this.#slots.values()) slot.defined = 'before'
  }

  /**
   * Makes `name` readable before its `export *` has run, as linking does for real modules. It is read from `owner`, the module whose
   * code exports it: through the modules in between, two with an `export *` of each other would ask each other endlessly.
   */
  prelink(name: string, owner: () => Record<string, unknown> | undefined): void {
    let held: Record<string, unknown> | undefined
    const read = (): unknown => {
      held ??= owner()
      return held?.[name]
    }
    const slot = this.#slots.get(name)
    if (slot?.defined === 'before') Object.assign(slot, { read, defined: 'linked' })
    else if (!slot && !(name in this.object)) this.#add(name, read, 'linked')
  }

  /** Defines `export { name }`. A later definition replaces an earlier one. */
  define(name: string, read: () => unknown): void {
    const slot = this.#slots.get(name)
    if (slot) Object.assign(slot, { read, defined: 'now' })
    else this.#add(name, read, 'now')
  }

  /** Defines the names of `export * from`, except for those that the module exports itself or has from an earlier `export *`. */
  defineAll(source: unknown): void {
    if (source === this.object || !isObject(source) || Array.isArray(source) || source instanceof Promise) return
    for (const name in source) {
      if (name === 'default' || name === '__esModule') continue
      const slot = this.#slots.get(name)
      if (slot?.defined === 'linked' && namespaces.has(source)) this.#confirm(slot)
      else if (slot ? slot.defined !== 'now' : !(name in this.object)) this.define(name, () => source[name])
    }
  }

  /** Ends a run: deletes names that it has not defined, sorts the names and seals the object. */
  seal(): void {
    if (Object.isSealed(this.object)) return
    for (const [name, slot] of this.#slots) {
      if (slot.defined === 'now') continue
      this.#slots.delete(name)
      delete this.object[name]
    }
    this.#sort()
    if (!this.dynamic) Object.seal(this.object)
  }

  /** Brings the names into alphabetical order, which a real namespace has: apps see it in `Object.keys(await import(...))`. */
  #sort(): void {
    const names = [...this.#slots.keys()]
    if (names.every((name, index) => index === 0 || names[index - 1]! < name)) return
    const slots = names.sort().map((name) => [name, this.#slots.get(name)!] as const)
    this.#slots.clear()
    for (const [name, slot] of slots) {
      delete this.object[name]
      this.#show(name, slot)
    }
  }

  #confirm(slot: Slot): void {
    slot.defined = 'now'
    // the read makes prelink's `held` remember the owner's present instance
    slot.read()
  }

  #add(name: string, read: () => unknown, defined: Slot['defined']): void {
    // a sealed namespace is only evaluated again from equal code, which has no new names, except names set by assignment
    if (!Object.isExtensible(this.object)) return
    this.#show(name, { read, defined })
  }

  #show(name: string, slot: Slot): void {
    this.#slots.set(name, slot)
    Object.defineProperty(this.object, name, { enumerable: true, configurable: true, get: () => slot.read() })
  }
}

/** Namespaces that are being shown. A value may hold its own namespace: without this set, showing it would not end. */
const shown = new Set<object>()

/** Shows a namespace in `console.log` as Node shows a real one: with values instead of getters. */
function show(this: ModuleNamespace, depth: number, options: InspectOptions): string {
  if (shown.has(this)) return '[Circular]'
  const values: Record<string, unknown> = Object.create(null)
  for (const name in this) {
    const value = current(this, name)
    values[name] = value === this ? values : value
  }
  shown.add(this)
  try {
    return inspect(values, { ...options, depth }).replace('[Object: null prototype]', '[Module: null prototype]')
  } finally {
    shown.delete(this)
  }
}

/** The value of an export, or a mark that its declaration has not run yet. */
function current(namespace: ModuleNamespace, name: string): unknown {
  try {
    return namespace[name]
  } catch {
    return { [inspect.custom]: () => '<uninitialized>' }
  }
}

/** `true` if a value can have properties. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
