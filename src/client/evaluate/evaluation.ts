/**
 * One run through a static graph, as Node does it: each module after those that it imports, in the order of its imports, and
 * without a tick in between as long as there is nothing to wait for.
 */
import { types } from 'node:util'
import type { ModuleId } from '../../shared/types.ts'
import type { ImportRequest } from '../code/compile.ts'
import type { ModuleStore, StoredModule } from '../code/store.ts'
import { loadMetaResolve } from './import-meta.ts'
import type { Imports } from './imports.ts'
import type { Instance } from './instance.ts'
import type { Instances } from './instances.ts'
import type { Linker } from './linker.ts'
import { never, type Supply } from './supply.ts'

/** The evaluator, as far as one run needs it. */
export interface EvaluationHost {
  /** Moves when code or instances change. */
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
  /** The import that it waits for, while that is evaluated. */
  wanted?: ImportRequest
  /** What that has given. */
  given?: object
  hasRun?: true
}

/** Begins with `load` or `again`; each evaluation is one of them, once. */
export class Evaluation {
  readonly #evaluator: EvaluationHost
  readonly #supply: Supply
  readonly #epoch: number
  /** Importers before what they import. A list, because chains of imports may be longer than the call stack is deep. */
  readonly #stack: Frame[] = []
  /** Whose `import()` or top-level await this is. */
  #importer: Instance | undefined

  constructor(evaluator: EvaluationHost, supply: Supply) {
    this.#evaluator = evaluator
    this.#supply = supply
    this.#epoch = evaluator.epoch
  }

  /** The instance of a module, evaluated if there is none. Of an import cycle it may still be incomplete. */
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

  /** The instance as `importer` gets it; a promise if another evaluation has it; `undefined` if it is the next of this one. */
  #need(id: ModuleId, importer: Instance | undefined): Instance | Promise<Instance> | undefined {
    const { instances } = this.#evaluator
    const found = instances.entry(id)
    if (found?.promise && !found.failure) {
      if (found.evaluated) return found
      // waiting would be for ever if `found` cannot go on before `importer` has: Node, too, lets cycles see incomplete modules
      if (!this.#supply.isNow && !(importer?.isRunning && found.isWaitingFor(importer))) return wait(found, importer)
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

  #enter(instance: Instance, importer: Instance | undefined): void {
    // Once the importer has finished evaluating, nothing waits for it any more, so its later import() cannot deadlock: no edge
    // needed.
    if (importer?.isRunning) importer.waitFor(instance)
    instance.begin()
    this.#evaluator.instances.put(instance)
    this.#stack.push({ instance })
  }

  /** Goes on until everything is evaluated, or there is something to wait for. Throws what a module throws. */
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

  /** One thing at a time: its code, its body up to the next import, the end. */
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
      linker.runCommonJs(instance, stored)
      frame.hasRun = true
      return undefined
    }
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

  /** What a frame has imported is evaluated, or as far as it can be. */
  #give(frame: Frame, dep: Instance): void {
    frame.given = this.#evaluator.imports.link(frame.instance.stored!, frame.wanted!, dep)
  }

  /** An import that fails fails its importer. Returns the error. */
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

async function wait(instance: Instance, importer: Instance | undefined): Promise<Instance> {
  if (!importer?.isRunning) {
    await instance.promise
    return instance
  }
  importer.waitFor(instance)
  try {
    await instance.promise
    return instance
  } finally {
    importer.stopWaitingFor(instance)
  }
}

function when<T>(value: T | Promise<T>, use: (value: T) => Promise<void> | void): Promise<void> | undefined {
  // an app may have put another class in the place of `Promise`
  if (types.isPromise(value)) return (value as Promise<T>).then(use)
  return use(value as T) ?? undefined
}

/** Node's error for it. */
function asyncModule(file: string): Error {
  return Object.assign(
    new Error(`require() cannot be used on an ES module with top-level await: ${file}. Use import() instead.`),
    { code: 'ERR_REQUIRE_ASYNC_MODULE' },
  )
}
