/**
 * What a runner gives to code that Node loads past it: its own instance of an ES module, so that nothing exists twice, and the
 * code of a CommonJS one.
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

/** What a runner is made of, as far as native loads are concerned. */
export interface NativeLoadsOptions {
  evaluator: Evaluator
  fetchNow: FetchNow
  /** Where modules go whose importer the runner does not know: nothing can accept updates for it. */
  roots: Set<ModuleId>
  loadedNatively: LoadReport | undefined
}

/** Collects what is loaded in one tick. `send` gets the paths on the server, each with its file's time of modification. */
export function reportLoads(send: (files: Record<string, number>) => void): LoadReport {
  let batch: Record<string, number> | undefined
  return (file, path) => {
    if (!batch) {
      batch = {}
      queueMicrotask(() => {
        const files = batch!
        batch = undefined
        send(files)
      })
    }
    // what a server sends may not be there
    batch[path] = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  }
}

/** Answers native loads. Files are absolute paths on this machine. */
export class NativeLoads {
  /** What Node has loaded of the app. */
  readonly files = new Set<string>()
  readonly #options: NativeLoadsOptions
  readonly #now: SyncSupply
  readonly #required = new WeakMap<Instance, object>()

  constructor(options: NativeLoadsOptions) {
    this.#options = options
    this.#now = new SyncSupply(options.evaluator, options.fetchNow)
  }

  /** Whether the runner has a file as an ES module: a script that needs neither format may be either. */
  holds(file: string): boolean {
    const { instances, paths } = this.#options.evaluator
    const instance = instances.live(paths.toServer(file))
    return instance !== undefined && !instance.stored?.isCommonJs
  }

  /** What `require()` of an ES module gives in the file `parent`. Throws what the module throws. */
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

  /** The same, without blocking this thread. */
  async commonJsLater(file: string): Promise<CommonJsCode | undefined> {
    await this.#options.evaluator.obtain(this.#idOf(file))
    return this.commonJs(file)
  }

  /** What an ES module exports, known before it is evaluated. `url` is a file URL. Throws what the server says of it. */
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
      // only its evaluation tells what is exported by assignment or comes from a package
      return Object.keys(this.#now.load(id).exports!)
    } catch (error) {
      // it fails again for who waits for it, unless it can only be evaluated with its top-level await
      debug('names of %s: %o', id, error)
      return [...names.keys()]
    }
  }

  /**
   * The file that `request` means in `parent` by Vite's rules: aliases and paths of tsconfig.json. Where this machine has no
   * sources, it is the place at which the file would be.
   */
  resolve(request: string, parent: string): string | undefined {
    const { paths } = this.#options.evaluator
    const hasSources = existsSync(parent)
    try {
      // tsconfig.json speaks of TypeScript files only, but people use its paths in all
      const target = this.#now.fetch(request, paths.toServer(parent).replace(/\.[cm]?jsx?$/, '.ts'))
      if ('external' in target || target.id.startsWith('\0')) return undefined
      const file = paths.toLocal(target.id.replace(/[?#].*$/, ''))
      return !hasSources || existsSync(file) ? file : undefined
    } catch (error) {
      if (hasSources) throw error
      // Node's own error says who has required it
      debug('%s from %s: %o', request, parent, error)
      return undefined
    }
  }

  /** Node is about to load an app file by itself. */
  loaded(file: string): void {
    this.files.add(file)
    this.#options.loadedNatively?.(file, this.#options.evaluator.paths.toServer(file))
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
    // while it is being evaluated nobody knows what it will export
    if (!evaluated)
      return new Proxy(asRequired({} as ModuleNamespace), {
        get: (own, name) => Reflect.get(own, name) ?? exports[name as string],
      })
    const known = this.#required.get(instance) ?? asRequired(exports)
    this.#required.set(instance, known)
    return known
  }
}

/** The exports as compilers of ES modules to CommonJS write them. */
function asRequired(exports: ModuleNamespace): object {
  const required = Object.defineProperty({}, '__esModule', { value: true })
  for (const name of Object.keys(exports)) {
    Object.defineProperty(required, name, { enumerable: true, get: () => exports[name] })
  }
  return required
}
