/** Runners as users of the hub see them. */
import { isUpToDate } from '../../shared/applied.ts'
import type { App } from '../apps/app.ts'
import type { RunnerView } from '../hub-types.ts'
import type { ServerSession } from '../sessions/server-session.ts'
import type { ServedRunner } from './served-runner.ts'

function isCurrent({ feed, lastUpdate }: ServedRunner): boolean {
  return !feed.pending && isUpToDate(lastUpdate)
}

/** A supervised runner, which is there without a process too. */
export function viewOfApp(
  { id, supervisor, isBehind }: App,
  served: ServedRunner | undefined,
  next: ServedRunner | undefined,
): RunnerView {
  const { pid, state, standbyPid } = supervisor
  const { info, feed, lastUpdate } = served ?? {}
  const view: RunnerView = {
    ...{ id, name: id, kind: 'supervised', pid, host: info?.host, state, modules: feed?.size ?? 0, lastUpdate },
    current: served !== undefined && isCurrent(served) && !isBehind,
  }
  if (standbyPid === undefined) return view
  return { ...view, standby: { pid: standbyPid, modules: next?.feed.size ?? 0, memory: next?.memory } }
}

/** An attached runner that has introduced itself. */
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
    current: isCurrent(runner),
    ...(versions && { versions }),
  }
}

/** An id for a runner: its name, unless another has it. Several runners of one process have one name and one pid. */
export function distinctId(name: string, runners: readonly RunnerView[]): string {
  let id = name
  for (let n = 2; runners.some((each) => each.id === id); n++) id = `${name}-${n}`
  return id
}
