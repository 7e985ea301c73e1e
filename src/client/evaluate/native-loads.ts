/**
 * Answers loads of app files that go past the runner, by Node's `require()` and `import()`. For an ES module Node gets the runner's
 * instance, so that no module exists twice; for a CommonJS one it gets the code.
 */
import { existsSync, statSync } from 'node:fs'
import { createDebug } from 'obug'
import type { ModuleId } from '../../shared/types.ts'
import type { ModuleNamespace } from '../module-types.ts'
import type { CommonJsCode } from './commonjs-file.ts'
import type { Evaluator } from './evaluator.ts'
import type { Instance } from './instance.ts'
import type { LoadReport } from './linker.ts'
import { type FetchNow, SyncSupply } from './sync-supply.ts'

const debug = createDebug('vite-tether:native')

/** The parts of a runner that native loads need. */
export interface NativeLoadsOptions {
  evaluator: Evaluator
  fetchNow: FetchNow
  /** The runner's roots. A module whose importer the runner does not know is added: nothing above it can accept updates. */
  roots: Set<ModuleId>
  loadedNatively: LoadReport | undefined
}

/** Collects the files that are loaded in one tick. `send` gets their paths on the server with their times of modification. */
export function reportLoads(send: (files: Record<string, number>) => void): LoadReport {
  let batch: Record<string, number> | undefined
  return (file, path, isMissing = false) => {
    if (!batch) {
      batch = {}
      queueMicrotask(() => {
        const files = batch!
        batch = undefined
        send(files)
      })
    }
    // One that was missing may be there by now: that is for the server to see. On a machine without sources no file exists.
    batch[path] = isMissing ? 0 : (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0)
  }
}

/** Answers native loads. Files are absolute paths on this machine. */
export class NativeLoads {
  /** The files of the app that Node has loaded. */
  readonly files = new Set<string>()
  readonly #options: NativeLoadsOptions
  readonly #now: SyncSupply
  readonly #required = new WeakMap<Instance, object>()

  constructor(options: NativeLoadsOptions) {
    this.#options = options
    this.#now = new SyncSupply(options.evaluator, options.fetchNow)
  }

  /** `true` if the runner has evaluated a file as an ES module. A file that fits both formats stays what it is. */
  holds(file: string): boolean {
    const { instances, paths } = this.#options.evaluator
    const instance = instances.live(paths.toServer(file))
    return instance !== undefined && !instance.stored?.isCommonJs
  }

  /** The result of `require()` of an ES module in the file `parent`. Throws what the module throws. */
  require(file: string, parent: string | undefined): unknown {
    const { evaluator, roots } = this.#options
    const id = this.#idOf(file)
    const importer = parent === undefined ? undefined : evaluator.instances.live(evaluator.paths.toServer(parent))
    if (importer && !importer.stored?.isCommonJs) evaluator.instances.linkComputed(importer, id)
    else roots.add(id)
    return this.#toRequired(this.#now.load(id))
  }

  /** The code of a TypeScript file that compiles to CommonJS; `undefined` if it is an ES module. */
  commonJs(file: string): CommonJsCode | undefined {
    const stored = this.#now.obtain(this.#idOf(file))
    if (!stored.isCommonJs) return undefined
    this.#options.evaluator.scripts.add(stored)
    return { file, code: stored.nativeCode, hash: stored.record.hash }
  }

  /** As `commonJs`, without blocking this thread. */
  async commonJsLater(file: string): Promise<CommonJsCode | undefined> {
    await this.#options.evaluator.obtain(this.#idOf(file))
    return this.commonJs(file)
  }

  /** The names that an ES module exports, before it is evaluated if possible. `url` is a file URL. Throws the server's error. */
  names(url: string): string[] {
    const { store, paths, instances } = this.#options.evaluator
    const path = paths.toRequest(url)
    const id = store.get(path) ? path : this.#fetchId(path)
    const live = instances.live(id)
    if (live?.evaluated) return Object.keys(live.exports!)
    const { isCommonJs } = this.#now.obtain(id)
    const { names, open } = store.exportsOf(id)
    if (!isCommonJs && !open) return [...names.keys()]
    try {
      // exports by assignment and `export *` of a package are known only after evaluation
      return Object.keys(this.#now.load(id).exports!)
    } catch (error) {
      // The module is evaluated again when Node imports it: it throws there, or it has a top-level await and succeeds there.
      debug('names of %s: %o', id, error)
      return [...names.keys()]
    }
  }

  /**
   * The file to which `request` in `parent`, for which Node finds none, resolves by Vite's rules: aliases and paths of tsconfig.json. If
   * this machine has no sources, it is the path that the file would have.
   */
  resolve(request: string, parent: string): string | undefined {
    const { paths } = this.#options.evaluator
    const hasSources = existsSync(parent)
    try {
      // Vite applies the paths of tsconfig.json in TypeScript files only, but apps use them in JavaScript, too
      const target = this.#now.fetch(request, paths.toServer(parent).replace(/\.[cm]?jsx?$/, '.ts'))
      if ('external' in target || target.id.startsWith('\0')) return undefined
      const file = paths.toLocal(target.id.replace(/[?#].*$/, ''))
      return !hasSources || existsSync(file) ? file : undefined
    } catch (error) {
      if (hasSources) throw error
      // Node goes on and throws its own error, which names the requiring file
      debug('%s from %s: %o', request, parent, error)
      return undefined
    }
  }

  /** Notes that Node is about to load an app file itself. */
  loaded(file: string): void {
    this.files.add(file)
    this.#options.loadedNatively?.(file, this.#options.evaluator.paths.toServer(file))
  }

  /** Notes that Node has looked for these files in vain. Once one of them is made, this process runs old code. */
  missed(files: Iterable<string>): void {
    const { evaluator, loadedNatively } = this.#options
    for (const file of files) loadedNatively?.(file, evaluator.paths.toServer(file), true)
  }

  #idOf(file: string): ModuleId {
    const { store, paths } = this.#options.evaluator
    const path = paths.toServer(file)
    return store.get(path) ? path : this.#fetchId(path)
  }

  #fetchId(path: string): ModuleId {
    const target = this.#now.fetch(path)
    return 'external' in target ? path : target.id
  }

  #toRequired(instance: Instance): unknown {
    const { commonJs, evaluated } = instance
    const exports = instance.exports!
    if (instance.stored?.isCommonJs) return commonJs!.exports
    if ('module.exports' in exports) return exports['module.exports']
    if (commonJs?.assigned) return commonJs.assigned.value
    // the module is still being evaluated and may export more: the proxy reads each name when it is asked for
    if (!evaluated)
      return new Proxy(asRequired({} as ModuleNamespace), {
        get: (own, name) => Reflect.get(own, name) ?? exports[name as string],
      })
    const known = this.#required.get(instance) ?? asRequired(exports)
    this.#required.set(instance, known)
    return known
  }
}

/** The exports of an ES module in the form that compilers to CommonJS give them: with the mark `__esModule`. */
function asRequired(exports: ModuleNamespace): object {
  const required = Object.defineProperty({}, '__esModule', { value: true })
  for (const name of Object.keys(exports)) {
    Object.defineProperty(required, name, { enumerable: true, get: () => exports[name] })
  }
  return required
}
