/** The sessions of a hub, each with its runner. */

import type { ModuleId } from '../../shared/types.ts'
import type { ServerSession } from '../sessions/server-session.ts'
import type { ServedRunner } from './served-runner.ts'

/** A session and its runner. */
export type Pair = readonly [session: ServerSession, runner: ServedRunner]

/** `true` for a runner that executes an app: it has called `init`, and is neither a helper nor a standby. */
export function isRunner({ info, waits }: ServedRunner): boolean {
  return info !== undefined && info.kind !== 'helper' && !waits
}

/** All sessions of a hub. */
export class SessionTable {
  readonly #runners = new Map<ServerSession, ServedRunner>()

  add(session: ServerSession, runner: ServedRunner): ServedRunner {
    this.#runners.set(session, runner)
    return runner
  }

  delete(session: ServerSession): void {
    this.#runners.delete(session)
  }

  get(session: ServerSession): ServedRunner | undefined {
    return this.#runners.get(session)
  }

  pairs(): Pair[] {
    return [...this.#runners]
  }

  /** The runners that take part in updates: all but helpers, whose files restart the app. */
  updatable(): ServedRunner[] {
    return [...this.#runners.values()].filter(({ info }) => info?.kind !== 'helper')
  }

  /** `true` if a runner holds the module `id`, or was told that it cannot have it. */
  concerns(id: ModuleId): boolean {
    return this.updatable().some(({ feed }) => feed.concerns(id))
  }

  /** `true` if a process of an app runs one of these modules, or is about to. */
  mayHold(app: string, ids: readonly ModuleId[]): boolean {
    const own = [...this.#runners.values()].filter(({ id, waits }) => id === app && !waits)
    // without a session nothing is known
    return own.length === 0 || own.some(({ feed }) => ids.some((id) => feed.mayHold(id)))
  }

  /** Resolves when the code of all runners has been compared with Vite's. */
  compared(): Promise<unknown> {
    return Promise.all(this.updatable().map(({ feed }) => feed.compared))
  }

  /** Modules were saved, of which only attached runners are to be told. */
  saved(ids: readonly ModuleId[]): void {
    for (const [, { feed }] of this.attached()) feed.save(ids)
  }

  attached(): Pair[] {
    return [...this.#runners].filter(([session, { info }]) => session.kind === 'attached' && info)
  }

  /** All sessions of an app process, also those of its threads. */
  ofProcess(pid: number | undefined): Pair[] {
    return [...this.#runners].filter(([session]) => session.kind === 'supervised' && session.pid === pid)
  }

  /** The runner of an app process. */
  runnerOf(pid: number | undefined): ServedRunner | undefined {
    return this.ofProcess(pid).find(([, runner]) => isRunner(runner))?.[1]
  }

  /** The standby in a process. */
  standbyOf(pid: number | undefined): Pair | undefined {
    return this.ofProcess(pid).find(([, { waits }]) => waits)
  }
}
