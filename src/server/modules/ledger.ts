/** What one runner holds, as far as its session knows: which modules, in which version, and which it was refused. */
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'

/** Below every version: the runner holds some code of the module, and any that Vite has is newer. */
const UNKNOWN = 0

/** The ledger of one session. */
export class Ledger {
  readonly #versions = new Map<ModuleId, number>()
  /** Held modules whose static graph is not held: it is on its way, or a module of it has failed. */
  readonly #partial = new Set<ModuleId>()
  /** Modules that the runner was told of but could not get. */
  readonly #failing = new Set<ModuleId>()
  /** Importer -> modules that it has asked for by computed `import()`s: nothing tells that it will not do so again. */
  readonly #computed = new Map<ModuleId | undefined, Set<ModuleId>>()

  /** Number of held modules. */
  get size(): number {
    return this.#versions.size
  }

  /** Ids of all held modules. */
  get ids(): ModuleId[] {
    return [...this.#versions.keys()]
  }

  /** The version of a held module. */
  readonly version = (id: ModuleId): number | undefined => this.#versions.get(id)

  /** The version of a module that is held with all that it imports. */
  readonly wholeVersion = (id: ModuleId): number | undefined =>
    this.#partial.has(id) ? undefined : this.#versions.get(id)

  /** `true` if news of a module are news for the runner. */
  readonly concerns = (id: ModuleId): boolean => this.#versions.has(id) || this.#failing.has(id)

  /** The runner has this code, or gets it with the next message. */
  hold({ id, version }: Pick<ModuleRecord, 'id' | 'version'>): void {
    this.#failing.delete(id)
    this.#versions.set(id, version)
  }

  /** Like {@link hold}, of a module whose static graph is still to come; {@link complete} ends that. */
  holdPartially(record: Pick<ModuleRecord, 'id' | 'version'>): void {
    this.#partial.add(record.id)
    this.hold(record)
  }

  /** The static graphs of these modules are held, too. */
  complete(ids: Iterable<ModuleId>): void {
    for (const id of ids) this.#partial.delete(id)
  }

  /** The runner lets go of a module's code. Returns `true` if it held some. */
  drop(id: ModuleId): boolean {
    return this.#versions.delete(id)
  }

  /** These are tried anew: what became of them is noted again. */
  retry(ids: Iterable<ModuleId>): void {
    for (const id of ids) this.#failing.delete(id)
  }

  /** The runner is told that it cannot have these modules; the save that mends them concerns it. */
  refuse(modules: Iterable<{ id: ModuleId }>): void {
    for (const { id } of modules) this.#failing.add(id)
  }

  /** The runner says what it holds. Whatever else is here by now was sent while it put its list together, and stays. */
  announce(ids: Iterable<ModuleId>): void {
    // of an announcement whose comparison was lost
    for (const [id, version] of this.#versions) if (version === UNKNOWN) this.#versions.delete(id)
    for (const id of ids) this.#versions.set(id, UNKNOWN)
  }

  /** Messages were lost: nothing is known of what the runner holds. */
  forget(): void {
    this.#versions.clear()
    this.#partial.clear()
    this.#failing.clear()
  }

  noteComputed(importer: ModuleId | undefined, id: ModuleId): void {
    this.#computed.set(importer, (this.#computed.get(importer) ?? new Set()).add(id))
  }

  /** The modules that `importer` has loaded by computed `import()`s; without one: those that were loaded from outside. */
  computedBy(importer: ModuleId | undefined): Iterable<ModuleId> {
    return this.#computed.get(importer) ?? []
  }
}
