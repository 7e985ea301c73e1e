/** Runners as users of the hub see them. */
import { isUpToDate } from '../../shared/applied.ts'
import type { App } from '../apps/app.ts'
import type { RunnerView } from '../hub-types.ts'
import type { ServerSession } from '../sessions/server-session.ts'
import type { ServedRunner } from './served-runner.ts'

/** `true` if no change is due and the last report is good. Each change retries what has failed, so the last report is enough. */
function isCurrent({ feed, lastUpdate }: ServedRunner): boolean {
  return !feed.pending && isUpToDate(lastUpdate)
}

/** Its memory, and since when it runs: as far as it has told. */
function figuresOf(runner: ServedRunner | undefined): Pick<RunnerView, 'memory' | 'connectedAt'> {
  const { memory, connectedAt } = runner ?? {}
  return { ...(memory !== undefined && { memory }), ...(connectedAt !== undefined && { connectedAt }) }
}

/** The view of a supervised runner, with or without a process. */
export function viewOfApp(
  { id, supervisor, isBehind }: App,
  served: ServedRunner | undefined,
  next: ServedRunner | undefined,
): RunnerView {
  const { pid, state, standbyPid } = supervisor
  const { info, feed, lastUpdate, serving } = served ?? {}
  const view: RunnerView = {
    ...{ id, name: id, kind: 'supervised', pid, host: info?.host, state, modules: feed?.size ?? 0, lastUpdate },
    ...{ ...figuresOf(served), ports: [...(supervisor.ports?.open ?? [])] },
    current: served !== undefined && isCurrent(served) && !isBehind,
    ...(serving && { serving }),
  }
  if (standbyPid === undefined) return view
  return { ...view, standby: { pid: standbyPid, modules: next?.feed.size ?? 0, memory: next?.memory } }
}

/** The view of an attached runner, which has called `init`. */
export function viewOfAttached({ kind, pid, state }: ServerSession, runner: ServedRunner): RunnerView {
  const { id, info, feed, lastUpdate } = runner
  const { name, host, versions } = info!
  return {
    id,
    name,
    kind,
    pid,
    host,
    state,
    modules: feed.size,
    lastUpdate,
    ...figuresOf(runner),
    current: isCurrent(runner),
    ...(versions && { versions }),
  }
}
