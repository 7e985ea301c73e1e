/**
 * A typed emitter, small enough to be used where node's is not wanted.
 */

/** Event names with the arguments of their listeners. */
export type EventMap = { [name: string]: unknown[] }

type Listener<Args extends unknown[]> = (...args: Args) => void

/** Calls listeners in the order they were added. */
export class Emitter<Events extends EventMap> {
  #listeners: { [Name in keyof Events]?: Set<Listener<Events[Name]>> } = Object.create(null)

  /** Adds a listener and returns the function that removes it. Adding it twice is adding it once. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void {
    this.#listeners[name] ??= new Set()
    this.#listeners[name].add(listener)
    return () => this.#listeners[name]?.delete(listener)
  }

  /** Calls every listener that was there when the call began; `true` if there was one. What a listener throws ends the round. */
  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): boolean {
    const listeners = [...(this.#listeners[name] ?? [])]
    for (const listener of listeners) listener(...args)
    return listeners.length > 0
  }
}
