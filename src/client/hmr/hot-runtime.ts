/**
 * The seam between the HMR engine (`hot-context`, `propagate`, `apply`) and the process that evaluates modules. `client/runner/tether-runtime`
 * implements it for our own runner; `client/hmr/in-process/vite-node-runtime` for a plain `ViteNodeRunner`.
 */

import type { ImportedNames } from '../../shared/transformed-code.ts'
import type { Change, ModuleId, ModuleRecord } from '../../shared/types.ts'
import type { ModuleNamespace } from '../module-types.ts'

/** An edge of the runner's own graph. Edges belong to the importer: they appear and vanish with its instance. */
export interface GraphNode {
  readonly id: ModuleId
  readonly url: string
  /** Ids of the application modules that hold an instance of this one, by `import` or `import()`. */
  readonly importers: ReadonlySet<ModuleId>
  /**
   * Ids of the application modules it imports, `import()` included. A computed `import()` that ran stays an edge when the
   * module is evaluated again: nothing tells that it will not run again.
   */
  readonly imports: ReadonlySet<ModuleId>
  /** Names its namespace has now, `export *` included. */
  exportNames(): readonly string[]
  /** The names that this module imports from `dep`. */
  importedNames(dep: ModuleId): ImportedNames
  /** `true` once its evaluation has ended without an error. */
  readonly evaluated: boolean
}

/** The server's word on modules as they are saved now, beside their code. */
export type Saved = Pick<Change, 'seeds' | 'failed' | 'stale'>

/** See `HotRuntime.nextImports`. */
export type NextImports = ReadonlySet<ModuleId> | undefined

/** An instance that was taken out of the cache and can be put back. Opaque to the engine. */
export interface DetachedInstance {
  readonly id: ModuleId
}

/** The functions of a runner that the engine needs: over its graph, its names, its code, its instances in the order of an update, and waits. */
export interface HotRuntime {
  /** The instance's node, or `undefined` if this runner has never evaluated the module or no longer holds it. */
  node(id: ModuleId): GraphNode | undefined
  /**
   * As `node()`, over the modules, too, that failed when a live one imported them by `import()`, and over what those needed:
   * a correction of any of them is an update of the live one. @default node
   */
  attempted?(id: ModuleId): GraphNode | undefined
  /**
   * Ids of all application modules that have an instance, in the order of their first evaluation. One whose evaluation has
   * failed is among them until the next `install`, although it has no node: it may hold something to dispose of.
   */
  ids(): Iterable<ModuleId>
  /** Ids that were executed directly (entries and `import()` calls from outside): where the graph hangs. Failed ones too. */
  roots(): Iterable<ModuleId>
  /** `true` if the evaluation of a module is under way, or has ever ended. */
  isKnown(id: ModuleId): boolean

  /** The id that `specifier` (an URL as Vite rewrites it, a path or an id) means inside `owner`. */
  toId(specifier: string, owner?: ModuleId): ModuleId
  /** The id of an entry as a user names it: `toId` for what only the server can resolve, a missing extension for example. */
  resolve(file: string): Promise<ModuleId>
  /** The URL that log lines and payloads name. */
  toUrl(id: ModuleId): string

  /**
   * Takes newer code into the store; nothing is evaluated. From now on to evaluate a module of `saved.failed` throws its error,
   * until the module is among the modules or the seeds of another call. Returns the ids of those that run other code than is held
   * now, or have no instance. Forgets the instances whose evaluation has failed.
   */
  install(modules: readonly ModuleRecord[], saved?: Saved): ModuleId[] | Promise<ModuleId[]>
  /** Which of `ids` and the modules they import have other code now than their instances. Needed where changes come without seeds. */
  changed?(ids: readonly ModuleId[]): Promise<ModuleId[]>
  /**
   * The modules that the next evaluation of a module will import, and that one under way may still import, read off its current
   * code. `undefined` for a module whose code cannot be had.
   */
  nextImports(id: ModuleId): NextImports | Promise<NextImports>
  /**
   * Makes sure that evaluating `roots` cannot fail for want of code: walks their static imports over current code as far as
   * modules are in `replaced` or have no instance, and their `import()`s as far as modules are in `replaced`, fetches what is
   * missing, compiles it and checks the named imports. Throws the first error and touches nothing.
   */
  prepare(roots: readonly ModuleId[], replaced: ReadonlySet<ModuleId>): Promise<void>

  /** Takes instances, and the edges they own, out of the cache. */
  detach(ids: Iterable<ModuleId>): DetachedInstance[]
  /**
   * Notes which modules get an instance from now on, until it is called again. The returned function tells those of them that
   * are among `ids`.
   */
  track(): () => ModuleId[]
  /** Imports a module from current code, evaluating whatever has no instance. */
  evaluate(id: ModuleId): Promise<ModuleNamespace>
  /**
   * Nothing more is to run of those of `ids` whose evaluation is under way, as far as that can be stopped. The returned function is to be
   * called when the instances from before are back: whoever waits for one of the others gets these then, and would wait for ever without.
   */
  abandon?(ids: Iterable<ModuleId>): () => void
  /** Puts detached instances back exactly as they were, over anything evaluated since. */
  attach(instances: readonly DetachedInstance[]): void
  /** Evaluates a detached instance's own (previous) code again, into the same namespace object, and puts it back. */
  reevaluate(instance: DetachedInstance): Promise<void>

  /** `true` if it is certain that no module of `ids` is being evaluated. */
  isSettled(ids: Iterable<ModuleId>): boolean
  /** Resolves when no evaluation of `ids` is under way. */
  settled(ids: Iterable<ModuleId>): Promise<void>
}
