/**
 * The values that `keep()` holds for one runner, which outlive the modules that made them. An update is a transaction here too:
 * when it fails, values that it created are disposed; when it succeeds, values that no module keeps any more are.
 */

import type { Server } from 'node:http'
import { inspect } from 'node:util'
import { TetherError } from '../../shared/errors.ts'
import type { ModuleId } from '../../shared/types.ts'
import { call, within } from '../hmr/callbacks.ts'
import type { Engine } from '../hmr/engine.ts'
import type { Participant } from '../hmr/participant.ts'
import { reach } from '../hmr/prune.ts'

/** The instance of a module that calls `keep()`. */
export interface Keeper {
  readonly id: ModuleId
  /** `false` while its code runs for the first time. */
  readonly evaluated: boolean
  /** `true` if the update that evaluates it was put off while its code ran, because a later one waited. */
  readonly isAbandoned: boolean
}

interface Kept {
  readonly value: unknown
  dispose: ((value: never) => unknown) | undefined
  owner: ModuleId
  /** `true` if the owner's present instance has called `keep()` for it, or has not been replaced since. */
  isClaimed: boolean
  /**
   * keep() was called after module evaluation (in a request handler, say). Such a call may come late or never, so a missing call
   * must not dispose the value.
   */
  isLate: boolean
}

/** Milliseconds that requests under way have when their server is closed with the runner. */
const GRACE = 200

/** Calls a function and returns what it returns. */
type Outside = <T>(create: () => T) => T

/** The kept values of one runner. */
export class KeptValues implements Participant {
  readonly #engine: Engine
  readonly #outside: Outside
  /** Open servers of `listen()`, which are closed with the runner. */
  readonly #servers = new Set<Server>()
  /** The handler with which each address was listened on last; `undefined` once it was said that routes pile up on it. */
  readonly #handlers = new Map<string, object | undefined>()
  #values = new Map<string, Kept>()
  /** A copy of the values from before the update under way. */
  #before: Map<string, Kept> | undefined
  /** Modules that new code does not import any more (the file of one has another name now): what they keep is anybody's. */
  #leaving: ReadonlySet<ModuleId> = new Set()

  /** @param outside calls a function whose servers do not go with the module that has called it */
  constructor(engine: Engine, outside: Outside = (create) => create()) {
    this.#engine = engine
    this.#outside = outside
  }

  /** See `vite-tether/keep`. Throws `ERR_KEY`, and what `create` throws. */
  keep<T>(keeper: Keeper, key: string, create: () => T, dispose?: (value: Awaited<T>) => unknown): T {
    // the update was put off while the instance ran, then it calls keep(): it would take the value or port from the one that is back
    if (keeper.isAbandoned) throw new TetherError('ERR_CLOSED', `A later save has replaced ${keeper.id} while it ran.`)
    const known = this.#values.get(key)
    if (known) {
      if (known.owner !== keeper.id && known.isClaimed && !this.#leaving.has(known.owner))
        throw takenTwice(key, known.owner, keeper.id)
      if (!keeper.evaluated) Object.assign(known, { owner: keeper.id, isClaimed: true, isLate: false, dispose })
      // a call by an instance that has run must not change the owner, unless such late calls are how the value is kept: an old
      // instance may call while new code is about to claim the value
      else if (known.isLate) Object.assign(known, { owner: keeper.id, isClaimed: true })
      return known.value as T
    }
    const value = this.#outside(create)
    this.#values.set(key, { value, dispose, owner: keeper.id, isClaimed: true, isLate: keeper.evaluated })
    if (value instanceof Promise) value.catch(() => this.#forget(key, value))
    return value
  }

  /** `server` is closed with the runner, unless it is closed before. */
  closeAtEnd(server: Server): void {
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
  }

  /**
   * `true` if `listen()` was called with this handler before, and the handler has properties (an app that takes routes): the
   * module has run again, and the routes it adds pile up on the same app. `true` only once.
   */
  pilesUp({ id }: Keeper, handler: object, where: readonly unknown[]): boolean {
    const key = `${id} ${inspect(where.filter((each) => typeof each !== 'function'))}`
    const isKnown = this.#handlers.has(key)
    const last = this.#handlers.get(key)
    const isAgain = handler === last && Object.keys(handler).length > 0
    if (isAgain) this.#handlers.set(key, undefined)
    else if (!isKnown || last) this.#handlers.set(key, handler)
    return isAgain
  }

  /** Logs a likely mistake of a module; `text` gets the module's URL. */
  warn({ id }: Keeper, text: (url: string) => string): void {
    const { log, runtime } = this.#engine
    log.error(text(runtime.toUrl(id)))
  }

  /** An update begins: modules in `replaced` lose their claims and make new ones. */
  async begin(replaced: ReadonlySet<ModuleId>, leaving: ReadonlySet<ModuleId>): Promise<void> {
    const { runtime } = this.#engine
    this.#leaving = leaving
    this.#before = new Map(Array.from(this.#values, ([key, kept]) => [key, { ...kept }]))
    for (const kept of this.#values.values()) {
      if (replaced.has(kept.owner) || !runtime.node(kept.owner)) kept.isClaimed = false
    }
  }

  /** The update has succeeded. Values that no module has claimed are disposed by the next `sweep()`. */
  commit(): void {
    this.#before = undefined
  }

  /** The update has failed: disposes values that it created. Called before old instances are put back. */
  async rollBack(): Promise<void> {
    const before = this.#before ?? new Map()
    const created = [...this.#values].filter(([key]) => !before.has(key))
    this.#values = before
    this.#before = undefined
    for (const [key, kept] of created.reverse()) await dispose(this.#engine, key, kept)
  }

  end(): void {
    this.#leaving = new Set()
  }

  /** Disposes values that no module keeps any more. */
  async sweep(): Promise<void> {
    const awaited = await this.#awaited()
    for (const [key, kept] of [...this.#values].reverse()) {
      const node = this.#engine.runtime.node(kept.owner)
      // an owner whose code still runs (top-level await) may yet call keep() for it
      const isKept = node ? kept.isClaimed || kept.isLate || !node.evaluated : awaited(kept.owner)
      if (isKept) continue
      this.#values.delete(key)
      await dispose(this.#engine, key, kept)
    }
  }

  /** Closes the servers of `listen()`; requests under way have a moment to end. */
  async drain(): Promise<void> {
    const servers = [...this.#servers]
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    await within(GRACE, Promise.all(closed))
    for (const server of servers) server.closeAllConnections()
  }

  /** Disposes everything, the last created first. */
  async close(): Promise<void> {
    const all = [...this.#values].reverse()
    this.#values.clear()
    for (const [key, kept] of all) await dispose(this.#engine, key, kept)
  }

  /**
   * Tells of an owner without an instance whether its code may yet run. A route is imported when it is asked for, and keeps a pool. An update
   * lets its instance go, and the next comes with the next request: it is to find the pool.
   */
  async #awaited(): Promise<(owner: ModuleId) => boolean> {
    const { runtime } = this.#engine
    if ([...this.#values.values()].every(({ owner }) => runtime.node(owner))) return () => false
    const { reached, untold } = await reach(this.#engine, new Set())
    return (owner) => untold.length > 0 || reached.has(owner)
  }

  #forget(key: string, value: unknown): void {
    for (const values of [this.#values, this.#before ?? this.#values]) {
      if (values.get(key)?.value === value) values.delete(key)
    }
  }
}

async function dispose(engine: Engine, key: string, { value, dispose }: Kept): Promise<void> {
  if (dispose) await call(engine, `dispose of what is kept as '${key}'`, async () => dispose((await value) as never))
}

function takenTwice(key: string, owner: ModuleId, other: ModuleId): TetherError {
  return new TetherError(
    'ERR_KEY',
    `Expected the key '${key}' of keep() to belong to one module, but both ${owner} and ${other} use it. ` +
      'Give one of them another key, or export the value from one module and import it in the other.',
  )
}
