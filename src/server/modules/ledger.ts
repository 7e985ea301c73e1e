/** The modules that one runner holds, as far as its session knows, with their versions, and those that it could not get. */
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'

/** The version of code that the runner has announced. It is lower than every real version, so that Vite's code counts as newer. */
const UNKNOWN = 0

/** The ledger of one session. */
export class Ledger {
  readonly #versions = new Map<ModuleId, number>()
  /** Held modules whose static graph is not held: it is on its way, or a module of it has failed. */
  readonly #partial = new Set<ModuleId>()
  /** Modules that the runner was told of but could not get. */
  readonly #failing = new Set<ModuleId>()
  /** Modules that a change has brought. */
  readonly #saved = new Set<ModuleId>()
  /** Importer -> modules that it has loaded by computed `import()`s, which it may do again. */
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

  /** `true` for a module of which the runner was told last that it cannot get it. */
  readonly isFailing = (id: ModuleId): boolean => this.#failing.has(id)

  /** `true` if a save of a module concerns the runner. */
  readonly concerns = (id: ModuleId): boolean => this.#versions.has(id) || this.#failing.has(id)

  /** Notes that the runner has this code, or gets it with the next message. */
  hold({ id, version }: Pick<ModuleRecord, 'id' | 'version'>): void {
    this.#failing.delete(id)
    this.#versions.set(id, version)
  }

  /** Like {@link hold}, for a module whose static graph is still on its way; {@link complete} ends that. */
  holdPartially(record: Pick<ModuleRecord, 'id' | 'version'>): void {
    this.#partial.add(record.id)
    this.hold(record)
  }

  /** Notes that the static graphs of these modules are held, too. */
  complete(ids: Iterable<ModuleId>): void {
    for (const id of ids) this.#partial.delete(id)
  }

  /** Notes that code which was held for sent was not: what the runner has of these modules is older. */
  outdate(modules: Iterable<{ id: ModuleId }>): void {
    for (const { id } of modules) this.#versions.set(id, UNKNOWN)
  }

  /** Notes that the runner does not hold a module any more. Returns `true` if it did. */
  drop(id: ModuleId): boolean {
    return this.#versions.delete(id)
  }

  /** Forgets the failures of modules that are about to be transformed again. */
  retry(ids: Iterable<ModuleId>): void {
    for (const id of ids) this.#failing.delete(id)
  }

  /** Notes that the runner could not get these modules, so that the save that mends one concerns it. */
  refuse(modules: Iterable<{ id: ModuleId }>): void {
    for (const { id } of modules) this.#failing.add(id)
  }

  /** Enters the modules that the runner announces. Modules that were sent while it put its list together stay. */
  announce(ids: Iterable<ModuleId>): void {
    // left over from an announcement whose answer was lost
    for (const [id, version] of this.#versions) if (version === UNKNOWN) this.#versions.delete(id)
    for (const id of ids) this.#versions.set(id, UNKNOWN)
  }

  /** Forgets which code the runner holds, because messages were lost. Computed imports and saves stay: the check of the next start needs them. */
  forget(): void {
    this.#versions.clear()
    this.#partial.clear()
    this.#failing.clear()
  }

  /** Notes that a change brings the code of this module: it is not the code that the runner has asked for. */
  noteSave(id: ModuleId): void {
    this.#saved.add(id)
  }

  /** See `Feed.isNews`. */
  isSaved(id: ModuleId): boolean {
    return this.#saved.has(id)
  }

  noteComputed(importer: ModuleId | undefined, id: ModuleId): void {
    this.#computed.set(importer, (this.#computed.get(importer) ?? new Set()).add(id))
  }

  /** See `Feed.computedBy`. */
  computedBy(importer: ModuleId | undefined): Iterable<ModuleId> {
    return this.#computed.get(importer) ?? []
  }
}
