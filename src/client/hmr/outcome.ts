/** The causes and outcomes of updates, and the state that a failure leaves in the engine. */

import { describeError } from '../../shared/describe-error.ts'
import { flattenError } from '../../shared/errors.ts'
import type { Applied, Change, ModuleId } from '../../shared/types.ts'
import type { ModuleNamespace } from '../module-types.ts'
import { notify } from './callbacks.ts'
import type { Engine } from './engine.ts'

/** A change with what only this side knows. */
export interface Cause extends Change {
  /** The module that called `invalidate()`: its importers are to handle it. */
  invalidated?: ModuleId
  /** See `Engine.invalidators`. */
  invalidators?: readonly ModuleId[]
  /** The engine tries again, by itself, what was postponed. */
  isRetry?: true
  /** A `reload()` of the user's: done in place whatever the policy, and the known failure of the last update not shown again. */
  onRequest?: boolean
}

/** A report, with the live objects that do not cross the wire. */
export interface Outcome {
  applied: Applied
  /** Namespaces of the accepted modules, which were evaluated, or of the entries after a reload. */
  modules: ReadonlyMap<ModuleId, ModuleNamespace>
  /** The error, if the update failed. */
  error?: unknown
  /** A later change came before the evaluation had ended: the app is as it was, and this is tried again after that one. */
  isPostponed?: true
}

/** Thrown by an evaluation that takes long when a later change waits for it. */
export class Superseded extends Error {}

/** A change of these modules and nothing else known about it. */
export function changeOf(seeds: readonly ModuleId[]): Change {
  return { seq: 0, seeds: [...seeds], modules: [], failed: [] }
}

type Details = Partial<Omit<Applied, 'outcome'>> & Partial<Pick<Outcome, 'modules'>>

/** An outcome. `enqueueChange` fills in `seq` and `ms`. */
export function outcome(kind: Applied['outcome'], { modules = new Map(), ...details }: Details = {}): Outcome {
  return { applied: { seq: 0, outcome: kind, ms: 0, evaluated: 0, updates: [], ...details }, modules }
}

/** Everything that was saved so far is live. */
export function succeed(engine: Engine): void {
  engine.failing.clear()
  engine.shown = undefined
}

/** The app is as it was: says so, and keeps the changed modules for the next attempt. */
export async function fail(engine: Engine, cause: Cause, seeds: Iterable<ModuleId>, error: unknown): Promise<Outcome> {
  if (error instanceof Superseded) {
    for (const id of seeds) engine.postponed.add(id)
    return { ...outcome('unaffected'), isPostponed: true }
  }
  for (const id of seeds) engine.failing.add(id)
  const flat = flattenError(error)
  // not the stack: the way to the same error differs
  const shown = JSON.stringify([flat.name, flat.message, flat.frame])
  if (!cause.onRequest || engine.shown !== shown) {
    engine.log.error(`update failed, the previous code keeps running: ${describeError(flattenError(error))}`)
  }
  engine.shown = shown
  await notify(engine, 'vite:error', { type: 'error', err: { ...flat, stack: flat.stack ?? '' } })
  return { ...outcome('failed', { error: flat }), error }
}
