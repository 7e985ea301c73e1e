/**
 * Namespace objects as Vite's own evaluator makes them: live getters, sealed when the module has run. Each getter goes through
 * one slot, so that a module can be evaluated again into the same object and importers that kept it see the new bindings.
 */
import { type InspectOptions, inspect } from 'node:util'
import type { ModuleNamespace } from '../module-types.ts'

interface Slot {
  read: () => unknown
  /** By an earlier run, by the code that is linked, or by this run. */
  defined: 'before' | 'linked' | 'now'
}

/** The namespaces of all modules. */
const namespaces = new WeakSet<object>()

/** The exports of one module. */
export class ModuleExports {
  /** What importers hold. */
  readonly object: ModuleNamespace
  /** Set by CommonJS-style code, which may export at any time: such a namespace is never sealed. */
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

  /** Begins a run: what the run does not define again vanishes when it ends. */
  begin(): void {
    for (const slot of this.#slots.values()) slot.defined = 'before'
  }

  /**
   * Makes `name` readable before its `export *` has run, as linking does for real modules. It is read from `owner` itself: where
   * modules have an `export *` of each other, going from one to the next would not end.
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

  /** `export { name }`: the later definition wins. */
  define(name: string, read: () => unknown): void {
    const slot = this.#slots.get(name)
    if (slot) Object.assign(slot, { read, defined: 'now' })
    else this.#add(name, read, 'now')
  }

  /** `export * from`: what the module exports itself, or has from an earlier `export *`, wins. */
  defineAll(source: unknown): void {
    if (source === this.object || !isObject(source) || Array.isArray(source) || source instanceof Promise) return
    for (const name in source) {
      if (name === 'default' || name === '__esModule') continue
      const slot = this.#slots.get(name)
      if (slot?.defined === 'linked' && namespaces.has(source)) this.#confirm(slot)
      else if (slot ? slot.defined !== 'now' : !(name in this.object)) this.define(name, () => source[name])
    }
  }

  /** Ends a run. */
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

  /** The order of a real namespace's keys, whatever the order of its code. */
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
    // from now on of this instance of its owner
    slot.read()
  }

  #add(name: string, read: () => unknown, defined: Slot['defined']): void {
    // a sealed namespace that is evaluated again cannot grow; equal code exports equal names, but for those set by assignment
    if (!Object.isExtensible(this.object)) return
    this.#show(name, { read, defined })
  }

  #show(name: string, slot: Slot): void {
    this.#slots.set(name, slot)
    Object.defineProperty(this.object, name, { enumerable: true, configurable: true, get: () => slot.read() })
  }
}

/** Namespaces that are being shown: a value of one may hold it. */
const shown = new Set<object>()

/** Shows a namespace as Node shows a real one: its values, not that they are getters. */
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

/** What an export is, or that its declaration has not run yet. */
function current(namespace: ModuleNamespace, name: string): unknown {
  try {
    return namespace[name]
  } catch {
    return { [inspect.custom]: () => '<uninitialized>' }
  }
}

/** Whether a value can have properties. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
