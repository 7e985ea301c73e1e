/**
 * Our runner: vite-node's, with its own way of resolving, loading and evaluating. The only file that imports vite-node.
 */
import { ViteNodeRunner } from 'vite-node/client'
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'
import { isOwnCode } from '../../shared/util/dist-files.ts'
import { compileModule } from '../code/compile.ts'
import { Paths } from '../code/paths.ts'
import { scriptsOnStack } from '../debug/stack-hook.ts'
import { Evaluator, type ModuleSource } from '../evaluate/evaluator.ts'
import { importExternal, isNativeSpecifier } from '../evaluate/externals.ts'
import type { LoadReport } from '../evaluate/linker.ts'
import { NativeLoads } from '../evaluate/native-loads.ts'
import type { FetchNow } from '../evaluate/sync-supply.ts'
import type { HotRuntime } from '../hmr/hot-runtime.ts'
import type { Keeper } from '../keep/kept-values.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { TetherRuntime } from './tether-runtime.ts'

export type { ModuleSource }

/** Options of a runner. */
export interface TetherRunnerOptions {
  /** This machine's project root: an absolute path. */
  root: string
  /** The server's. @default root */
  serverRoot?: string
  source: ModuleSource
  /** `import.meta.env`, shared by all modules. */
  env: Record<string, unknown>
  /** Absolute path of the module that `import.meta.main` is true in. @default process.argv[1] */
  main?: string
  /** Makes `import.meta.hot` when a module first reads it. Without it there is none. */
  createHotContext?: (runner: TetherNodeRunner, id: ModuleId) => unknown
  /** Makes `vite-tether/keep` for one instance of a module. Without it that is a package like any other. */
  createKeep?: (keeper: Keeper) => object
  /** Blocks the thread; with it, what Node loads past the runner can be answered: `native`. */
  fetchNow?: FetchNow
  loadedNatively?: LoadReport
}

/** Evaluates the modules that `source` provides. Throws what the modules throw. */
export class TetherNodeRunner extends ViteNodeRunner {
  /** The runtime for the HMR engine. */
  readonly runtime: HotRuntime
  /** Answers to native loads. */
  readonly native: NativeLoads | undefined
  readonly #evaluator: Evaluator
  readonly #roots = new Set<ModuleId>()
  readonly #urls = new Map<string, ModuleId>()
  /** Held ahead of their evaluation, and kept up to date by the server. */
  readonly #held = new Set<ModuleId>()

  constructor(options: TetherRunnerOptions) {
    const {
      root,
      serverRoot = root,
      source,
      env,
      main = process.argv[1],
      createHotContext,
      createKeep,
      loadedNatively,
      fetchNow,
    } = options
    super({ root, fetchModule: (id) => this.#fetchModule(id) })
    this.#evaluator = new Evaluator({
      cache: this.moduleCache,
      paths: new Paths(root, serverRoot),
      source,
      env,
      main,
      createHot: createHotContext && ((id) => createHotContext(this, id)),
      createKeep,
      loadedNatively,
    })
    const evaluator = this.#evaluator
    this.native = fetchNow && new NativeLoads({ evaluator, roots: this.#roots, fetchNow, loadedNatively })
    this.runtime = new TetherRuntime(this.#evaluator, this.#roots, (specifier) => this.#resolve(specifier))
  }

  /**
   * Evaluates a module and returns its live exports. `specifier` is a root-relative URL, a path (relative ones to the root), a
   * file URL, a virtual module or a bare package name.
   */
  async import(specifier: string): Promise<ModuleNamespace> {
    const target = await this.#resolve(specifier)
    if (typeof target === 'object') return (await this.#importNative(target.external)) as ModuleNamespace
    this.#roots.add(target)
    return this.#evaluator.load(target)
  }

  /** The exports of a module that was imported from outside; `undefined` while it is not evaluated. */
  exportsOf(specifier: string): ModuleNamespace | undefined {
    const id = this.#known(this.#evaluator.paths.toRequest(specifier))
    const live = id === undefined ? undefined : this.#evaluator.instances.live(id)
    return live?.evaluated ? live.exports : undefined
  }

  /** Obtains and compiles what {@link import} would need and evaluates nothing. `goOn` may end it between two modules. */
  async hold(specifier: string, goOn: () => Promise<boolean>): Promise<void> {
    const target = await this.#resolve(specifier)
    if (typeof target !== 'string') return
    await this.#evaluator.hold(target, goOn)
    this.#held.add(target)
  }

  override executeId(id: string): Promise<ModuleNamespace> {
    return this.import(id)
  }

  /** The id of a module, twice; an external's specifier as it is. */
  override async resolveUrl(id: string, importer?: string): Promise<[url: string, fsPath: string]> {
    const target = await this.#resolve(id, importer)
    const resolved = typeof target === 'object' ? target.external : target
    return [resolved, resolved]
  }

  // vite-node has these two, but keeps them out of its types: `executeFile` and users' subclasses come this way
  /** @internal */
  async cachedRequest(_id: string, fsPath: string, _callstack: string[]): Promise<ModuleNamespace> {
    return this.import(fsPath)
  }

  /** @internal */
  async directRequest(_id: string, fsPath: string, _callstack: string[]): Promise<ModuleNamespace> {
    return this.import(fsPath)
  }

  /** Does nothing: stacks are in source positions when they are read. */
  override async ssrFixStacktrace(error: Error): Promise<Error> {
    return error
  }

  /** The code that is held, to compare with a server's: id -> hash. `rebooted`: another server process, which counts versions anew. */
  holdings(rebooted: boolean): Record<ModuleId, string> {
    return this.#evaluator.store.holdings(rebooted)
  }

  /** Absolute paths of what this runner and Node have loaded of the app. */
  files(): string[] {
    const { store, paths } = this.#evaluator
    return [...Object.keys(store.holdings(false)).map((id) => paths.toLocal(id)), ...(this.native?.files ?? [])]
  }

  /**
   * The modules whose code is being called, the innermost first, callers that await among them; up to where this package has called
   * one of them.
   */
  onStack(): ModuleId[] {
    const { store, paths } = this.#evaluator
    const ids: ModuleId[] = []
    for (const script of scriptsOnStack()) {
      const id = paths.toServer(script)
      if (store.get(id)) ids.push(id)
      else if (ids.length > 0 && isOwnCode(script)) break
    }
    return ids
  }

  /** Code that is going to be evaluated. */
  take(records: readonly ModuleRecord[]): void {
    this.#evaluator.install(records)
    this.#evaluator.store.compile(records)
  }

  /** Code that is current although no server was asked: entries among it are not asked for. */
  adopt(records: readonly ModuleRecord[]): void {
    this.#evaluator.install(records)
    for (const { id } of records) this.#held.add(id)
  }

  /** Forgets all modules and the maps of their stacks. Nothing is disposed. */
  close(): void {
    this.moduleCache.clear()
    this.#evaluator.scripts.close()
  }

  async #resolve(specifier: string, importer?: ModuleId): Promise<ModuleId | { external: string }> {
    if (isNativeSpecifier(specifier)) return { external: specifier }
    const { paths } = this.#evaluator
    const url = paths.toRequest(specifier)
    // a module that is there is there, even while the server is away
    const { store, instances } = this.#evaluator
    const known = this.#known(url)
    if (known !== undefined && (instances.live(known)?.evaluated || (this.#held.has(known) && store.get(known))))
      return known
    const answer = await this.#evaluator.fetch(url, importer)
    if ('external' in answer) return answer
    this.#urls.set(url, answer.id)
    return answer.id
  }

  #known(url: string): ModuleId | undefined {
    const { store } = this.#evaluator
    return store.get(url) ? url : (this.#urls.get(url) ?? store.idOf(url))
  }

  /** A package, resolved from the root. */
  #importNative(specifier: string): Promise<Record<string, unknown>> {
    const file = `${this.#evaluator.paths.root}/index.js`
    return importExternal(compileModule('', { file, script: file }).importNative, specifier, file)
  }

  /** Implements vite-node's `fetchModule`. */
  async #fetchModule(id: string): Promise<{ code: string } | { externalize: string }> {
    const target = await this.#resolve(id)
    if (typeof target === 'object') return { externalize: target.external }
    return { code: (await this.#evaluator.obtain(target)).record.code }
  }
}
