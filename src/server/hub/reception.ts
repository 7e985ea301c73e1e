/** Receives runners: finds the app of each, emits the hub's events, and passes reports on to the app. */
import type { EventEmitter } from 'node:events'
import { resolve } from 'node:path'
import { createDebug } from 'obug'
import { flattenError } from '../../shared/errors.ts'
import type { Applied, RunnerConfig, RunnerInfo, ServerFunctions } from '../../shared/types.ts'
import type { App } from '../apps/app.ts'
import type { Apps } from '../apps/apps.ts'
import type { NativeFile } from '../apps/native-files.ts'
import { runnerConfig } from '../apps/runner-config.ts'
import { distinctId } from '../distinct-id.ts'
import type { HubEvents, RunnerView, UpdateTimes } from '../hub-types.ts'
import type { IsProven } from '../modules/feed-types.ts'
import type { SupervisorExit } from '../process/supervisor.ts'
import type { ServerSession } from '../sessions/sessions.ts'
import { createProgress } from '../terminal/progress.ts'
import { RepeatedRestarts } from '../terminal/repeated-restarts.ts'
import type { Report } from '../terminal/report.ts'
import { describeCause } from '../terminal/restart-text.ts'
import { tellOutcome } from '../terminal/tell-outcome.ts'
import { channelOf } from '../vite/environment.ts'
import { reportSeen } from '../vite/late-saves.ts'
import { watchMissing } from '../vite/outside-files.ts'
import { eventsHandled } from '../vite/unhandled-events.ts'
import type { Bindings } from './bindings.ts'
import { viewOfApp, viewOfAttached } from './runner-views.ts'
import { ServedRunner } from './served-runner.ts'
import { isRunner, SessionTable } from './session-table.ts'
import { Silence } from './silence.ts'

const debug = createDebug('vite-tether:hub')

/** Options of a reception. */
export interface ReceptionOptions {
  /** The emitter of the hub's events. */
  events: EventEmitter<HubEvents>
  bindings: Bindings
  apps: Apps
  report: Report
  /** Asked of the code that a process has begun with. */
  proven(): IsProven
}

/** All runners of one hub. */
export class Reception {
  readonly served = new SessionTable()
  readonly silence: Silence
  readonly #events: EventEmitter<HubEvents>
  readonly #bindings: Bindings
  readonly #apps: Apps
  readonly #report: Report
  readonly #progress = createProgress()
  readonly #proven: ReceptionOptions['proven']

  constructor({ events, bindings, apps, report, proven }: ReceptionOptions) {
    this.#proven = proven
    this.#events = events
    this.#bindings = bindings
    this.#apps = apps
    this.#report = report
    this.silence = new Silence(report, apps, (session) => this.#appOf(session))
    apps.on('app', (app) => this.#attend(app))
  }

  /** The runners as the hub's users see them. */
  get views(): RunnerView[] {
    const attached = this.served.attached().map(([session]) => this.#viewOfSession(session))
    return [...this.#apps.list().map((app) => this.#viewOf(app)), ...attached]
  }

  /** Receives a new session. Returns the functions that its runner may call. */
  receive(session: ServerSession): ServerFunctions {
    const runner: ServedRunner = new ServedRunner(session, {
      records: async () => {
        const records = await this.#bindings.records
        return session.kind === 'attached' ? records.attached : records
      },
      proven: this.#proven,
      handled: () => eventsHandled(this.#bindings.current.environment),
      compared: () => this.served.compared(),
      admit: (info) => this.#admit(session, info, runner),
    })
    this.served.add(session, runner)
    this.silence.watch(session, runner)
    this.#follow(session, runner)
    this.#heed(runner, session)
    return runner.functions
  }

  /** Tells the hub's users of the session's links, and forgets the runner at its end. */
  #follow(session: ServerSession, runner: ServedRunner): void {
    session.on('disconnect', ({ code }) => {
      if (isRunner(runner)) this.#events.emit('runner:disconnect', this.#viewOfSession(session), code)
      // nothing tells when a helper has ended, and one that has not can ask again
      else if (session.kind === 'supervised' && !runner.waits) void session.close()
    })
    session.on('resume', () => {
      if (isRunner(runner)) this.#events.emit('runner:resume', this.#viewOfSession(session))
    })
    session.on('resync', () => runner.feed.lost())
    session.on('error', (error) => this.#report.failed(undefined, flattenError(error), false))
    session.on('end', () => {
      runner.feed.end()
      this.served.delete(session)
      if (isRunner(runner)) this.#toVite('vite:client:disconnect', undefined, runner)
    })
  }

  /** Passes on what the runner reports: to its app, to Vite, to the hub's users. */
  #heed(runner: ServedRunner, session: ServerSession): void {
    runner.on('hot', (event, data) => this.#toVite(event, data, runner))
    runner.on('compared', () => {
      if (!runner.waits) this.#events.emit('runner:resync', this.#viewOfSession(session))
      // the lost messages may have told the standby to begin: tells it again, behind the answer to `compare`
      else setImmediate(() => void this.#begin(session.pid))
    })
    runner.on('applied', (report, times) => this.#applied(session, report, runner, times))
    runner.on('loaded', (files) => {
      const app = this.#appOf(session)
      if (app) void this.#loaded(app, files)
    })
    runner.on('failed', (error) => {
      // a standby is told what its app is told
      if (!runner.waits) this.#report.failed(runner.id, flattenError(error), true)
    })
    runner.on('fetching', (answer) => {
      const isStart = runner.info?.kind === 'supervised' && !runner.waits
      if (isStart) this.#progress.show(answer, () => runner.feed.size)
    })
    runner.on('begun', () => this.#joined(session, runner))
    runner.on('serving', () => {
      const view = this.#viewOfSession(session)
      if (runner.serving) this.#report.serving(runner.id, this.#appOf(session)?.url ?? '', runner.serving)
      this.#events.emit('runner:serving', view)
    })
    runner.on('waiting', () => this.#events.emit('runner:standby', this.#viewOfSession(session)))
    runner.on('ready', () => {
      this.#appOf(session)?.supervisor.ready(session.pid)
      this.#events.emit('runner:ready', this.#viewOfSession(session))
    })
    // after a turn of a loop that was busy: the end of a process that has said so may come in the same one
    runner.on('settled', () => setImmediate(() => this.#settled(session)))
  }

  async #loaded(app: App, files: readonly NativeFile[]): Promise<void> {
    const { environment, server } = this.#bindings.current
    // those outside of the root: nobody else hears of them
    for (const { file, isMissing } of files) if (isMissing) watchMissing(environment, file)
    for (const file of await this.#apps.loaded(app.id, files)) {
      // Node loads a file, it is saved, that is seen here, then the watcher tells Vite: a check in between would pass the code from before, and
      // the new process would die of what it should have refused
      const isReported = reportSeen(server.watcher, resolve(file))
      // one that has crashed meanwhile may have crashed of the code from before
      if (!isReported || !app.runs) this.#apps.saved(file, true)
    }
  }

  #settled(session: ServerSession): void {
    if (this.#appOf(session)?.supervisor.runs(session.pid))
      this.#events.emit('runner:settled', this.#viewOfSession(session))
  }

  /** Passes on what an app does to the terminal, to its sessions and to the hub's users. */
  #attend(app: App): void {
    const { id, supervisor, outages } = app
    const view = () => this.#viewOf(app)
    outages.on('failed', (error) => this.#events.emit('crash', view(), error))
    app.on('refused', (error) => this.#events.emit('refused', view(), error))
    app.on('restart', (cause) => this.#events.emit('restart', view(), describeCause(cause), cause))
    // not before the old process has gone, which may answer until then
    const repeated = new RepeatedRestarts()
    app.on('restarted', (cause) => {
      this.#report.restarted(id, describeCause(cause))
      const file = repeated.note(cause, performance.now())
      if (file !== undefined) this.#report.loops(id, file)
    })
    // whatever a process that stops is asked from now on is for the next one
    supervisor.on('state', (state) => {
      const stopping = state === 'stopping' ? this.served.runnerOf(supervisor.pid) : undefined
      stopping?.serves(undefined)
      stopping?.feed.end()
    })
    supervisor.on('exit', (exit) => this.#ended(app, exit))
    supervisor.on('takeover', (pid) => void this.#begin(pid))
    supervisor.on('unused', (pid) => this.#dismiss(pid))
    for (const stream of ['stdout', 'stderr'] as const) {
      supervisor.on(stream, (line) => this.#events.emit(stream, view(), line))
    }
  }

  #ended(app: App, end: SupervisorExit): void {
    const exit = { ...end, next: app.nextAfter(end) }
    const own = this.served.ofProcess(exit.pid)
    this.served.runnerOf(exit.pid)?.serves(undefined)
    this.#dismiss(exit.pid)
    this.#report.ended(app.id, exit)
    const { code, signal, pid: _, ...details } = exit
    this.#events.emit('exit', this.#viewOf(app), code, signal, details)
    // a save was on its way to the process, then the process ended: the app must start again for it
    if (own.some(([, { feed }]) => feed.pending)) app.saved()
  }

  async #admit(session: ServerSession, info: RunnerInfo, runner: ServedRunner): Promise<RunnerConfig> {
    const binding = await this.#bindings.serving
    if (session.kind === 'supervised' && info.kind === 'helper') {
      runner.id = info.app ?? ''
      return { ...runnerConfig(binding, runner.id), hmr: false, onUnaccepted: 'restart' }
    }
    const app = session.kind === 'supervised' ? this.#apps.withPid(session.pid) : undefined
    runner.id =
      app?.id ?? distinctId(`${info.name}#${session.pid}`, (taken) => this.views.some(({ id }) => id === taken))
    runner.waits = app !== undefined && app.supervisor.pid !== session.pid
    if (!runner.waits) {
      await app?.mayBegin()
      this.#joined(session, runner)
    }
    return { ...runnerConfig(binding, runner.id, app?.url), ...(runner.waits && { waits: true }) }
  }

  /** A runner executes modules from now on. */
  #joined(session: ServerSession, runner: ServedRunner): void {
    this.#appOf(session)?.supervisor.fetched(session.pid)
    this.#toVite('vite:client:connect', undefined, runner)
    runner.connectedAt ??= Date.now()
    this.#events.emit('runner:connect', this.#viewOfSession(session))
  }

  /**
   * Lets a standby begin if its app has taken it: sends Vite's present code of its entry, then tells it. One that has not called `init` yet is
   * told by the answer that it need not wait.
   */
  async #begin(pid: number): Promise<void> {
    const standby = this.served.standbyOf(pid)
    const app = standby && this.#appOf(standby[0])
    if (app?.supervisor.pid !== pid) return
    const [session, { feed }] = standby!
    await app.mayBegin()
    try {
      // Vite may have newer code without having sent an update: server.hmr is off, or a plugin's hotUpdate has returned []
      await feed.catchUp(app.url)
    } catch (error) {
      debug('%d does not catch up: %o', pid, error)
    }
    if (session.state !== 'ended') session.rpc.begin()
  }

  /** An app process has ended, and its sessions with it. */
  #dismiss(pid: number): void {
    for (const [session] of this.served.ofProcess(pid)) void session.close()
  }

  #applied(session: ServerSession, report: Applied, runner: ServedRunner, times: UpdateTimes | undefined): void {
    const app = this.#appOf(session)
    const { seq, outcome } = report
    debug('%s applied %d: %s', runner.id, seq, outcome)
    this.#events.emit(
      outcome === 'failed' ? 'update:failed' : 'update:applied',
      this.#viewOfSession(session),
      report,
      times,
    )
    if (!app) return
    // the app has its change: the standby need not wait with its own any longer
    this.served.standbyOf(app.supervisor.standbyPid)?.[1].feed.hurry()
    const { id, url, supervisor } = app
    const told = { id, url, isReady: supervisor.state === 'ready' }
    const cause = tellOutcome(this.#report, told, report, this.#bindings.current.environment)
    if (cause) this.#apps.replace(app, cause)
  }

  #toVite(event: string, data: unknown, { client }: ServedRunner): void {
    channelOf(this.#bindings.current.environment).receive(event, data, client)
  }

  /** The app of a session. Attached runners have none, even if their name is an app's id. */
  #appOf(session: ServerSession): App | undefined {
    return session.kind === 'supervised' ? this.#apps.find(this.served.get(session)?.id ?? '') : undefined
  }

  #viewOf(app: App): RunnerView {
    const { pid, standbyPid } = app.supervisor
    return viewOfApp(app, this.served.runnerOf(pid), this.served.standbyOf(standbyPid)?.[1])
  }

  #viewOfSession(session: ServerSession): RunnerView {
    const app = this.#appOf(session)
    return app ? this.#viewOf(app) : viewOfAttached(session, this.served.get(session)!)
  }
}
