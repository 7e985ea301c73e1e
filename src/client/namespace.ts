/**
 * Namespace objects as Vite's own evaluator makes them: live getters, sealed when the module has run. Each getter goes through
 * one slot, so that a module can be evaluated again into the same object and importers that kept it see the new bindings.
 */
import type { ModuleNamespace } from './runtime.ts'

interface Slot {
  read: () => unknown
  /** Defined by a guess or an earlier run, and not yet by this one. */
  provisional: boolean
}

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
  }

  /** Begins a run: what the run does not define again vanishes when it ends. */
  begin(): void {
    for (const slot of this.#slots.values()) slot.provisional = true
  }

  /** Makes `name` readable before its `export *` has run, as linking does for real modules. */
  prelink(name: string, read: () => unknown): void {
    const slot = this.#slots.get(name)
    if (slot?.provisional) slot.read = read
    else if (!slot && !(name in this.object)) this.#add(name, read, true)
  }

  /** `export { name }`: the later definition wins. */
  define(name: string, read: () => unknown): void {
    const slot = this.#slots.get(name)
    if (slot) Object.assign(slot, { read, provisional: false })
    else this.#add(name, read, false)
  }

  /** `export * from`: what the module exports itself, or has from an earlier `export *`, wins. */
  defineAll(source: unknown): void {
    if (source === this.object || !isObject(source) || Array.isArray(source) || source instanceof Promise) return
    for (const name in source) {
      if (name === 'default' || name === '__esModule') continue
      const slot = this.#slots.get(name)
      if (slot ? slot.provisional : !(name in this.object)) this.define(name, () => source[name])
    }
  }

  /** Ends a run. */
  seal(): void {
    if (Object.isSealed(this.object)) return
    for (const [name, slot] of this.#slots) {
      if (!slot.provisional) continue
      this.#slots.delete(name)
      delete this.object[name]
    }
    if (!this.dynamic) Object.seal(this.object)
  }

  #add(name: string, read: () => unknown, provisional: boolean): void {
    // a sealed namespace that is evaluated again cannot grow; equal code exports equal names, but for those set by assignment
    if (!Object.isExtensible(this.object)) return
    const slot: Slot = { read, provisional }
    this.#slots.set(name, slot)
    Object.defineProperty(this.object, name, { enumerable: true, configurable: true, get: () => slot.read() })
  }
}

/** Whether a value can have properties. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
