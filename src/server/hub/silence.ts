/** Reports supervised apps that do not answer, and replaces one when a save cannot reach it. */
import type { App } from '../apps/app.ts'
import type { Apps } from '../apps/apps.ts'
import type { ServerSession } from '../sessions/server-session.ts'
import type { Report } from '../terminal/report.ts'
import type { ServedRunner } from './served-runner.ts'
import { isRunner } from './session-table.ts'

/** The sessions that are silent. */
export class Silence {
  readonly #report: Report
  readonly #apps: Apps
  readonly #appOf: (session: ServerSession) => App | undefined
  readonly #silent = new Map<ServerSession, ServedRunner>()

  constructor(report: Report, apps: Apps, appOf: (session: ServerSession) => App | undefined) {
    this.#report = report
    this.#apps = apps
    this.#appOf = appOf
  }

  /** Watches a session until its end. */
  watch(session: ServerSession, runner: ServedRunner): void {
    session.on('silence', (isSilent) => (isSilent ? this.#begin(session, runner) : this.#end(session)))
    session.on('resume', () => this.#end(session))
    session.on('end', () => this.#silent.delete(session))
  }

  /** Changes were sent to all runners: a silent process for which there is one is replaced. */
  saved(): void {
    for (const [session, runner] of this.#silent) {
      const app = this.#running(session)
      if (app && runner.feed.pending && !runner.inspected) this.#apps.replace(app, { kind: 'silence' })
    }
  }

  #begin(session: ServerSession, runner: ServedRunner): void {
    const app = this.#running(session)
    // a debugger may have paused the process: then silence is no fault
    if (!app || !isRunner(runner) || runner.inspected) return
    this.#silent.set(session, runner)
    this.#report.silent(app.id)
    // a save may have come before the silence was noticed
    this.saved()
  }

  #end(session: ServerSession): void {
    const app = this.#running(session)
    if (this.#silent.delete(session) && app) this.#report.answers(app.id)
  }

  /** The app, if the session is of its present process, which was not asked to stop. */
  #running(session: ServerSession): App | undefined {
    const app = this.#appOf(session)
    if (!app || app.supervisor.pid !== session.pid) return undefined
    const { state } = app.supervisor
    return state === 'starting' || state === 'ready' ? app : undefined
  }
}
