/**
 * Evaluates a static graph as Node does: each module after its imports, in the order of its imports, and without a tick in
 * between as long as all code is at hand and no module has a top-level await.
 */
import { types } from 'node:util'
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import { hookBeforeCode, installHooks } from '../code/node-hooks.ts'
import type { ModuleStore, StoredModule } from '../code/store.ts'
import { loadMetaResolve } from './import-meta.ts'
import type { Imports } from './imports.ts'
import type { Instance } from './instance.ts'
import type { Instances } from './instances.ts'
import type { Linker } from './linker.ts'
import { never, type Supply } from './supply.ts'

/** The evaluator, as far as one run needs it. */
export interface EvaluationHost {
  /** Grows when code or instances change. */
  readonly epoch: number
  readonly store: ModuleStore
  readonly instances: Instances
  readonly imports: Imports
  readonly linker: Linker
  /** Marks an error as one that must not be remembered as the module's result. */
  transient(error: unknown): unknown
  isTransient(error: unknown): boolean
}

/** A module whose evaluation has begun. */
interface Frame {
  readonly instance: Instance
  /** Absent until its code is there. */
  body?: Generator<ImportRequest, void, object>
  /** The import at which the body has stopped. */
  wanted?: ImportRequest
  /** The namespace that the body gets for that import. */
  given?: object
  /** Its body has ended. */
  hasRun?: true
}

/** One run through a graph. Call either `load` or `again`, once. */
export class Evaluation {
  readonly #evaluator: EvaluationHost
  readonly #supply: Supply
  readonly #epoch: number
  /** Importers before what they import. A list, because chains of imports may be longer than the call stack is deep. */
  readonly #stack: Frame[] = []
  /** The module whose `import()` (or static import behind a top-level await) began this run. */
  #importer: Instance | undefined

  constructor(evaluator: EvaluationHost, supply: Supply) {
    this.#evaluator = evaluator
    this.#supply = supply
    this.#epoch = evaluator.epoch
  }

  /** The instance of a module; evaluates one if there is none. In an import cycle it may still be running. */
  load(id: ModuleId, importer?: Instance): Instance | Promise<Instance> {
    const found = this.#need(id, importer)
    if (found) return found
    this.#importer = importer
    const { instance } = this.#stack[0]!
    return this.#advance()?.then(() => instance) ?? instance
  }

  /** Evaluates an instance's own code once more, into its namespace. */
  again(instance: Instance): Promise<void> | undefined {
    this.#enter(instance, undefined)
    return this.#advance()
  }

  /**
   * The instance that `importer` gets for `id`: a promise if another run is evaluating it, `undefined` if this run must evaluate
   * it and has put it on the stack.
   */
  #need(id: ModuleId, importer: Instance | undefined): Instance | Promise<Instance> | undefined {
    const { instances } = this.#evaluator
    const found = instances.entry(id)
    if (found?.promise && !found.failure) {
      if (found.evaluated) return found
      // a imports b, then b imports a: b must not wait for a, which waits for b. It gets a's incomplete namespace, as under Node.
      if (!this.#supply.isNow && !(importer?.isRunning && found.isWaitingFor(importer)))
        return this.#wait(found, importer)
      found.isHandedOut = true
      return found
    }
    if (found?.failure?.epoch === this.#evaluator.epoch) throw found.failure.error
    // Other modules of the cycle may already hold the failed attempt's namespace object. Evaluate into the same object, so they
    // see the new exports.
    const namespace = found?.failure && found.isHandedOut ? found.namespace : undefined
    this.#enter(instances.create(id, namespace), importer)
    return undefined
  }

  /** The instance when another run has evaluated it; if that run was abandoned, the one that is in its place then. */
  async #wait(instance: Instance, importer: Instance | undefined): Promise<Instance> {
    if (importer?.isRunning) importer.waitFor(instance)
    try {
      await instance.promise
    } finally {
      importer?.stopWaitingFor(instance)
    }
    if (!instance.isAbandoned) return instance
    return importer?.isAbandoned ? never() : new Evaluation(this.#evaluator, this.#supply).load(instance.id, importer)
  }

  #enter(instance: Instance, importer: Instance | undefined): void {
    // Once the importer has finished evaluating, nothing waits for it any more, so its later import() cannot deadlock: it needs
    // no edge.
    if (importer?.isRunning) importer.waitFor(instance)
    instance.begin()
    this.#evaluator.instances.put(instance)
    this.#stack.push({ instance })
  }

  /** Evaluates until the stack is empty (`undefined`) or something must be awaited. Throws what a module throws. */
  #advance(): Promise<void> | undefined {
    try {
      for (;;) {
        const frame = this.#stack.at(-1)
        if (!frame) return undefined
        const waiting = this.#step(frame)
        if (waiting) return this.#resume(waiting)
      }
    } catch (error) {
      throw this.#fail(error)
    }
  }

  async #resume(waiting: Promise<void>): Promise<void> {
    try {
      await waiting
    } catch (error) {
      if (this.#isAbandoned) return never()
      throw this.#fail(error)
    }
    if (this.#isAbandoned) return never()
    await this.#advance()
  }

  get #isAbandoned(): boolean {
    return this.#stack.at(-1)?.instance.isAbandoned === true
  }

  /** Does the next thing for a frame: gets its code, or runs its body up to the next import, or ends it. */
  #step(frame: Frame): Promise<void> | undefined {
    if (frame.hasRun) return this.#leave(frame)
    if (!frame.body) return this.#begin(frame)
    const { done, value } = frame.body.next(frame.given!)
    if (!done) return this.#import(frame, value)
    frame.hasRun = true
    return undefined
  }

  #begin(frame: Frame): Promise<void> | undefined {
    const { instance } = frame
    const { store, instances } = this.#evaluator
    if (this.#stack.length === 1 && !instance.stored) store.checkGraph(instance.id, (id) => instances.isEvaluated(id))
    const stored = instance.stored ?? store.current(instance.id)
    if (stored) return this.#run(frame, stored)
    const importer = this.#stack.at(-2)?.instance ?? this.#importer
    return when(this.#supply.obtain(instance.id, importer?.id), (obtained) => this.#run(frame, obtained))
  }

  #run(frame: Frame, stored: StoredModule): Promise<void> | undefined {
    const { instance } = frame
    const { linker } = this.#evaluator
    if (instance.isAbandoned) return never()
    linker.link(instance, stored)
    if (stored.isCommonJs) {
      installHooks()
      linker.runCommonJs(instance, stored)
      frame.hasRun = true
      return undefined
    }
    hookBeforeCode(stored.record.code)
    const { compiled } = stored
    if (compiled.isAsync && this.#supply.isNow) throw this.#evaluator.transient(asyncModule(stored.place.file))
    const run = (): Promise<void> | undefined => {
      const body = compiled.run(linker.context(instance, stored))
      if (!types.isPromise(body)) {
        frame.body = body
        return undefined
      }
      frame.hasRun = true
      return body
    }
    const resolver = compiled.mentions.resolve && !this.#supply.isNow ? loadMetaResolve() : undefined
    return resolver ? resolver.then(run) : run()
  }

  #import(frame: Frame, wanted: ImportRequest): Promise<void> | undefined {
    const { instance } = frame
    frame.wanted = wanted
    const stored = instance.stored!
    const target = stored.target(wanted.specifier)
    if (target !== undefined) {
      const found = this.#need(target, instance)
      return found && when(found, (dep) => this.#give(frame, dep))
    }
    const { imports } = this.#evaluator
    const external = imports.provided(instance, wanted.specifier) ?? this.#supply.external(stored, wanted)
    return when(external, (namespace) => {
      imports.check(stored, wanted, namespace)
      frame.given = namespace
    })
  }

  #leave({ instance }: Frame): undefined {
    this.#evaluator.linker.finish(instance)
    this.#stack.pop()
    const frame = this.#stack.at(-1)
    const importer = frame?.instance ?? this.#importer
    importer?.stopWaitingFor(instance)
    if (frame) this.#give(frame, instance)
  }

  /** Gives a frame the namespace of the module that it has imported. */
  #give(frame: Frame, dep: Instance): void {
    frame.given = this.#evaluator.imports.link(frame.instance.stored!, frame.wanted!, dep)
  }

  /** Fails all modules on the stack, because each waits for the one that failed. Returns the error. */
  #fail(error: unknown): unknown {
    const epoch = this.#evaluator.isTransient(error) ? Number.NaN : this.#epoch
    for (const { instance } of this.#stack.splice(0).reverse()) {
      instance.fail(error, epoch)
      this.#evaluator.linker.noteFailure(instance)
      this.#importer?.stopWaitingFor(instance)
    }
    return error
  }
}

function when<T>(value: T | Promise<T>, use: (value: T) => Promise<void> | void): Promise<void> | undefined {
  // not `instanceof`: an app may have replaced the global `Promise`
  if (types.isPromise(value)) return (value as Promise<T>).then(use)
  return use(value as T) ?? undefined
}

/** Node's error for `require()` of a module with top-level await. */
function asyncModule(file: string): Error {
  return Object.assign(
    new Error(`require() cannot be used on an ES module with top-level await: ${file}. Use import() instead.`),
    { code: 'ERR_REQUIRE_ASYNC_MODULE' },
  )
}
