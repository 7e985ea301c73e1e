/** Sets of things, each held no longer than its owner. */

/** The number of things that an owner has at least before those that are gone are looked for. */
const FEW = 64

interface Owned<T> {
  all: Set<T>
  /** So many of them, and those that are gone are looked for. */
  many: number
}

/**
 * Things by their owner, where nothing tells of each thing's end: those that are gone are dropped now and then, and with an owner that nobody
 * else holds goes all that it has.
 */
export class WeakSets<O extends object, T> {
  readonly #owned = new WeakMap<O, Owned<T>>()
  readonly #isGone: (thing: T) => boolean

  constructor(isGone: (thing: T) => boolean) {
    this.#isGone = isGone
  }

  add(owner: O, thing: T): void {
    const owned = this.#owned.get(owner) ?? { all: new Set(), many: FEW }
    this.#owned.set(owner, owned)
    owned.all.add(thing)
    if (owned.all.size < owned.many) return
    for (const each of owned.all) if (this.#isGone(each)) owned.all.delete(each)
    owned.many = Math.max(FEW, owned.all.size * 2)
  }

  delete(owner: O, thing: T): void {
    this.#owned.get(owner)?.all.delete(thing)
  }

  /** Those of `owner` that are not gone. */
  of(owner: O): T[] {
    return [...(this.#owned.get(owner)?.all ?? [])].filter((thing) => !this.#isGone(thing))
  }
}
