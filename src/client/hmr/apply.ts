/**
 * The one mechanism behind a save, a resync, `invalidate()`, the retry after a failure and a full reload: find out what a
 * change means for this runner, and do it or leave everything as it was.
 */
import { createDebug } from 'obug'
import { reviveError } from '../../shared/errors.ts'
import type { Applied, Change, ModuleId } from '../../shared/types.ts'
import type { ViteNodeRunner } from '../vite-node-runner.ts'
import { type Engine, entriesOf, getEngine, rootsOf } from './engine.ts'
import { type Cause, changeOf, fail, type Outcome, outcome } from './outcome.ts'
import { type Plan, planOf, withDependents } from './plan.ts'
import { pruneUnreached } from './prune.ts'
import { reloadAll, startRoots, update } from './update.ts'

const debug = createDebug('vite-tether:hmr')

/** Applies one change after all that came before it. Never rejects: the report says how it went. */
export async function applyChange(runner: ViteNodeRunner, change: Change): Promise<Applied> {
  return (await enqueueChange(getEngine(runner), change)).applied
}

/** `applyChange` with the live outcome. */
export function enqueueChange(engine: Engine, cause: Cause): Promise<Outcome> {
  const started = performance.now()
  return engine.queue.add(async () => {
    engine.invalidators = cause.invalidators ?? []
    if (cause.invalidated === undefined && !cause.isRetry) engine.invalidatedSince.clear()
    const result = await run(engine, cause).catch((error) => fail(engine, cause, [], error))
    engine.invalidators = []
    Object.assign(result.applied, { seq: cause.seq, ms: performance.now() - started })
    debug('change %d: %o', cause.seq, result.applied)
    if (result.isPostponed) void enqueueChange(engine, { ...changeOf([]), isRetry: true })
    if (!cause.isRetry || result.applied.outcome !== 'unaffected') engine.report(result.applied)
    return result
  }, !cause.isRetry)
}

async function run(engine: Engine, cause: Cause): Promise<Outcome> {
  if (cause.isRetry && engine.postponed.size === 0) return outcome('unaffected')
  const plan = await planOf(engine, cause)
  switch (plan.kind) {
    case 'reload':
      return reloadAll(engine, cause, plan.seeds)
    case 'restart':
      return requestRestart(engine, cause, plan)
    case 'update': {
      const { boundaries } = plan.propagation
      const result = await update(engine, cause, plan.seeds, plan.propagation)
      if (result.applied.outcome !== 'updated') return result
      const isGone = plan.seeds.some((id) => !engine.runtime.node(id))
      await startFailedRoots(engine, cause, plan.hasUnknown || boundaries.length === 0 || isGone)
      return result
    }
    case 'nothing':
      if (plan.isDropped) await pruneUnreached(engine)
      return (await startFailedRoots(engine, cause, plan.hasUnknown)) ?? reportBroken(engine, cause)
    default:
      return plan satisfies never
  }
}

/**
 * Executes roots that have no instance because they failed; `undefined` if there are none. Entries are tried again with each change
 * that replaces nothing or was an update without error, other roots whose import failed when the change may be about that (`all`).
 */
async function startFailedRoots(engine: Engine, cause: Cause, all: boolean): Promise<Outcome | undefined> {
  const { runtime } = engine
  const roots = [...(await entriesOf(engine)), ...(all ? runtime.roots() : [])].filter((id) => !runtime.node(id))
  return roots.length === 0 ? undefined : startRoots(engine, cause, [...new Set(roots)])
}

/**
 * Nothing of the change has an instance. If its code is broken and some live module has imported it (by an `import()` that failed,
 * say), the next import will fail: that is reported now.
 */
async function reportBroken(engine: Engine, cause: Cause): Promise<Outcome> {
  const { runtime } = engine
  const isImported = (id: ModuleId) => [...runtime.ids()].some((other) => runtime.node(other)?.imports.has(id))
  const broken = cause.failed.find(({ id }) => isImported(id))
  return broken ? fail(engine, cause, [], reviveError(broken.error)) : outcome('unaffected')
}

/** Nothing accepts the change, or a plugin wants a reload. Asks for a restart, but not for code that is known not to compile. */
async function requestRestart(
  engine: Engine,
  cause: Cause,
  { seeds, chain, reason }: Extract<Plan, { kind: 'restart' }>,
): Promise<Outcome> {
  const { runtime } = engine
  try {
    // Modules that do not depend on the changed ones run already, so they need no check.
    const replaced = seeds.length === 0 ? new Set(runtime.ids()) : withDependents(engine, seeds)
    await runtime.prepare(await rootsOf(engine), replaced)
  } catch (error) {
    return fail(engine, cause, seeds, error)
  }
  if (reason !== undefined) return outcome('unaccepted', { reason })
  return outcome('unaccepted', chain && { chain: chain.map((id) => runtime.toUrl(id)) })
}
