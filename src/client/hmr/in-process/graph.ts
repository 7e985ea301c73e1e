/** The module graph of a plain runner, read off vite-node's module cache, and off transformed code where that says nothing. */

import type { ImportedNames } from '../../../shared/transformed-code.ts'
import type { ModuleId } from '../../../shared/types.ts'
import type { ViteNodeModules } from '../../vite-node-runner.ts'
import type { GraphNode } from '../hot-runtime.ts'
import { isApplication, readSsrCode, type SsrCode } from './edges.ts'
import type { Entry, ModuleRequests } from './module-requests.ts'

/** The part of its runtime that the graph needs. */
export interface Naming {
  toId(specifier: string, owner?: ModuleId): ModuleId
  toUrl(id: ModuleId): string
}

/** Instances by id, and who imports whom. */
export class CacheGraph {
  readonly #cache: ViteNodeModules
  readonly #requests: ModuleRequests
  readonly #names: Naming
  readonly #parsed = new WeakMap<Entry, SsrCode>()
  /** Importers of instances that were taken out: they import the next one. Checked against their own imports when read. */
  readonly #formerImporters = new Map<ModuleId, Set<ModuleId>>()
  /** Computed `import()`s that an earlier instance of the module ran. */
  readonly #computed = new Map<ModuleId, Set<ModuleId>>()
  /** The last attempt of each module that failed, was forgotten, and has not been tried again with success. */
  readonly #failures = new Map<ModuleId, Entry>()

  constructor(cache: ViteNodeModules, requests: ModuleRequests, names: Naming) {
    this.#cache = cache
    this.#requests = requests
    this.#names = names
  }

  /** Of an app module: what it evaluated to, the evaluation under way, or the one that has failed and is not forgotten yet. */
  attempt(id: ModuleId): Entry | undefined {
    // get() of this map creates what it does not find
    const entry = this.#cache.has(id) ? this.#cache.getByModuleId(id) : undefined
    if (!entry) return undefined
    const { isRunning, hasFailed } = this.#requests
    const isModule = entry.code !== undefined || hasFailed(entry) || (isRunning(entry) && !entry.exports)
    return isModule ? entry : undefined
  }

  /** The instance that importers hold or are about to hold: evaluated, or on its way. */
  live(id: ModuleId): Entry | undefined {
    const entry = this.attempt(id)
    return entry && this.#requests.hasFailed(entry) ? undefined : entry
  }

  ids(): ModuleId[] {
    return [...this.#cache.keys()].filter((id) => this.attempt(id))
  }

  /** `true` if there is an instance, or was one. */
  isKnown(id: ModuleId): boolean {
    return this.attempt(id) !== undefined || this.#formerImporters.has(id)
  }

  node(id: ModuleId): GraphNode | undefined {
    const entry = this.live(id)
    return entry && this.#nodeOf(id, entry, (importer) => this.live(importer))
  }

  /** See `HotRuntime.attempted`. */
  attempted(id: ModuleId): GraphNode | undefined {
    const entry = this.live(id) ?? (this.#isAwaited(id) ? this.#failure(id) : undefined)
    const holder = (importer: ModuleId) =>
      this.live(importer) ?? (this.#isAwaited(importer) ? this.#failure(importer) : undefined)
    return entry && this.#nodeOf(id, entry, holder)
  }

  /** The modules that an instance imports, now or later. */
  imports(id: ModuleId, entry: Entry): Set<ModuleId> {
    const all = [...entry.imports, ...this.targets(id, this.#codeOf(entry)), ...this.computed(id)]
    return new Set(all.filter((dep) => this.isKnown(dep)))
  }

  /** The modules that code shows it imports. */
  targets(id: ModuleId, { imports, dynamic }: SsrCode): Set<ModuleId> {
    const specifiers = [...imports.keys(), ...dynamic].filter(isApplication)
    return new Set(specifiers.map((specifier) => this.#names.toId(specifier, id)))
  }

  /** The modules that the code of an instance shows it imports. */
  shown(id: ModuleId, entry: Entry): Set<ModuleId> {
    return this.targets(id, this.#codeOf(entry))
  }

  /** The modules that earlier instances have imported by computed `import()`s. */
  computed(id: ModuleId): ReadonlySet<ModuleId> {
    return this.#computed.get(id) ?? new Set()
  }

  /** Takes an attempt out of the cache, and remembers the edges that outlive it. */
  take(id: ModuleId, entry: Entry): void {
    const shown = this.shown(id, entry)
    const ran = [...entry.imports].filter((dep) => !shown.has(dep) && this.live(dep))
    if (ran.length > 0) this.#computed.set(id, new Set([...ran, ...this.computed(id)]))
    this.#formerImporters.set(id, this.#knownImporters(id, entry))
    if (this.#requests.hasFailed(entry)) this.#failures.set(id, entry)
    else this.#failures.delete(id)
    this.#cache.deleteByModuleId(id)
  }

  #failure(id: ModuleId): Entry | undefined {
    return this.attempt(id) ?? this.#failures.get(id)
  }

  /** `true` if a live module has tried to import what has failed here. */
  #isAwaited(id: ModuleId): boolean {
    const failed = new Set([id])
    for (const each of failed) {
      const entry = this.#failure(each)
      if (!entry) continue
      for (const importer of this.#importersOf(each, entry, (other) => this.live(other) ?? this.#failure(other))) {
        if (this.live(importer)) return true
        failed.add(importer)
      }
    }
    return false
  }

  #nodeOf(id: ModuleId, entry: Entry, holder: (importer: ModuleId) => Entry | undefined): GraphNode {
    const { isRunning, hasFailed } = this.#requests
    return {
      id,
      url: this.#names.toUrl(id),
      importers: this.#importersOf(id, entry, holder),
      imports: this.imports(id, entry),
      importedNames: (dep) => this.#importedNames(id, entry, dep),
      exportNames: () => Object.keys(entry.exports ?? {}),
      evaluated: entry.promise !== undefined && !isRunning(entry) && !hasFailed(entry),
    }
  }

  #importersOf(id: ModuleId, entry: Entry, holder: (importer: ModuleId) => Entry | undefined): Set<ModuleId> {
    const importers = [...this.#knownImporters(id, entry)].filter((importer) => {
      const held = holder(importer)
      return held !== undefined && this.imports(importer, held).has(id)
    })
    return new Set(importers)
  }

  #knownImporters(id: ModuleId, entry: Entry): Set<ModuleId> {
    return new Set([...entry.importers, ...(this.#formerImporters.get(id) ?? [])])
  }

  #importedNames(id: ModuleId, entry: Entry, dep: ModuleId): ImportedNames {
    const { imports, dynamic } = this.#codeOf(entry)
    const isIt = (specifier: string): boolean => this.#names.toId(specifier, id) === dep
    const found = [...imports].filter(([specifier]) => isIt(specifier)).map(([, names]) => names)
    if ([...dynamic].some(isIt) || found.length === 0 || found.includes('*')) return '*'
    return (found as string[][]).flat()
  }

  #codeOf(entry: Entry): SsrCode {
    let code = this.#parsed.get(entry)
    if (!code) {
      code = readSsrCode(entry.code ?? '')
      if (entry.code !== undefined) this.#parsed.set(entry, code)
    }
    return code
  }
}
