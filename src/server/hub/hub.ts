/**
 * Owner of endpoints, sessions and supervised apps. It outlives Vite's in-process restart: an environment is configured,
 * resumed and suspended under it, and what runners ask meanwhile waits.
 */
import { EventEmitter } from 'node:events'
import { createDebug } from 'obug'
import type { DevEnvironment, EnvironmentModuleNode, HotPayload, ViteDevServer } from 'vite'
import { flattenError } from '../../shared/errors.ts'
import type { Applied, RunnerConfig, RunnerInfo, ServerFunctions } from '../../shared/types.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import type { App } from '../apps/app.ts'
import { Apps } from '../apps/apps.ts'
import { runnerConfig } from '../apps/runner-config.ts'
import type { HubEvents, RunnerView, StartOptions, TetherHub } from '../hub-types.ts'
import { findFailure } from '../modules/start-check.ts'
import { createEndpoints } from '../sessions/endpoints.ts'
import type { ServerSession } from '../sessions/sessions.ts'
import { reportAttached } from '../terminal/attached-runners.ts'
import { createProgress } from '../terminal/progress.ts'
import { createReport, type Report } from '../terminal/report.ts'
import { tellOutcome } from '../terminal/tell-outcome.ts'
import { channelOf } from '../vite/environment.ts'
import { catchLateSaves } from '../vite/late-saves.ts'
import { recordSeeds } from '../vite/seeds.ts'
import { beginTurn } from './begin-turn.ts'
import { type Binding, Bindings } from './bindings.ts'
import { broadcast } from './broadcast.ts'
import { Requests } from './requests.ts'
import { distinctId, viewOfApp, viewOfAttached } from './runner-views.ts'
import { type RunnerHost, type ServedRunner, serveRunner } from './served-runner.ts'
import { isRunner, type Pair, SessionTable } from './session-table.ts'
import { Silence } from './silence.ts'

const debug = createDebug('vite-tether:hub')

/** {@link TetherHub} is what users may call; the other functions are the plugin's. */
export class Hub extends EventEmitter<HubEvents> implements TetherHub {
  readonly #ready = createDeferred<void>()
  readonly #bindings = new Bindings()
  readonly #served = new SessionTable()
  readonly #report: Report
  readonly #progress = createProgress()
  readonly #apps: Apps
  readonly #requests: Requests
  readonly #silence: Silence
  readonly #endpoints = createEndpoints((session) => this.#serve(session))

  constructor() {
    super()
    this.#report = createReport({
      logger: () => this.#bindings.current.server.config.logger,
      root: () => this.#bindings.current.server.config.root,
      isOneOfMany: () => this.#apps.isOneOfMany,
      hasShortcuts: () => this.#bindings.current.options.stdin === 'silent',
    })
    this.#apps = new Apps({
      report: this.#report,
      settings: () => ({ server: this.#bindings.current.server, options: this.#bindings.current.options }),
      handover: () => {
        const { url, secret } = this.#endpoints.opened!.supervised
        const { root, cacheDir } = this.#bindings.current.server.config
        return { url, secret, root, cacheDir }
      },
      invitation: () => this.#endpoints.opened!.supervised.invitation,
      check: (url, others, pid) => findFailure(this.#bindings.records, url, others, this.#served.runnerOf(pid)?.feed),
      restarting: (app, reason) => {
        this.#report.restarted(app.id, reason)
        this.emit('restart', this.#viewOf(app), reason)
      },
      exit: (app, exit) => {
        const own = this.#leave(exit.pid)
        this.#report.ended(app.id, exit)
        this.emit('exit', this.#viewOf(app), exit.code, exit.signal)
        // a save that the process has not lived to see
        if (own.some(([, { feed }]) => feed.pending)) app.saved()
      },
      takeover: (pid) => void this.#begin(pid),
      unused: (pid) => this.#leave(pid),
      line: (app, stream, line) => this.emit(stream, this.#viewOf(app), line),
    })
    reportAttached(this, () => this.#bindings.logger)
    this.#requests = new Requests(this.#apps, this.#bindings, this.#ready.promise)
    this.#silence = new Silence(this.#report, this.#apps, (session) => this.#appOf(session))
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get attach(): TetherHub['attach'] {
    return this.#endpoints.opened?.attach
  }

  get runners(): RunnerView[] {
    return [
      ...this.#apps.list().map((app) => this.#viewOf(app)),
      ...this.#served.attached().map(([session]) => this.#viewOfSession(session)),
    ]
  }

  /** The entries of the options, as given. */
  get entries(): string[] {
    return [this.#bindings.current.options.entry ?? []].flat()
  }

  start(entry: string, options: StartOptions = {}): Promise<string> {
    return this.#requests.start(entry, options)
  }

  restart(id?: string): Promise<void> {
    return this.#requests.restart(id)
  }

  stop(id: string): Promise<void> {
    return this.#requests.stop(id)
  }

  remove(id: string): Promise<void> {
    return this.#requests.remove(id)
  }

  /** A server was made with an environment of ours; it does not serve yet. */
  configure(environment: DevEnvironment, server: ViteDevServer, options: Binding['options']): void {
    this.#bindings.configure(environment, server, options)
    catchLateSaves(server.watcher)
    recordSeeds(environment, (nodes, payload) => {
      const ids = nodes.flatMap(({ id }) => (id === null ? [] : [id]))
      debug('seeds %o with %s', ids, payload?.type ?? 'no payload')
      for (const { feed } of this.#served.updatable()) feed.save(ids)
      this.#silence.saved()
      // frameworks may run the same modules in Vite's own process
      if (payload) channelOf(environment).sendInProcess(payload)
      return true
    })
  }

  /** The environment serves from now on: the first time, or instead of one that Vite's restart has closed. */
  resume(environment: DevEnvironment): void {
    const resumed = this.#bindings.resume(environment)
    if (!resumed) return
    const { binding, isFirst } = resumed
    if (!isFirst) for (const { feed } of this.#served.updatable()) feed.review()
    this.#open(binding).then(this.#ready.resolve, this.#ready.reject)
  }

  /** The environment is closed; unless {@link close} follows, another takes its place. */
  suspend(environment: DevEnvironment): void {
    this.#bindings.suspend(environment)
  }

  /** Stops all apps and closes all sessions. The hub is of no use afterwards. */
  async close(): Promise<void> {
    const closed = this.#requests.close()
    this.#bindings.close(closed)
    this.#ready.reject(closed)
    await this.#apps.close()
    await this.#endpoints.close()
  }

  /** Sends a payload of Vite or a plugin to all runners. */
  broadcast(payload: HotPayload): void {
    broadcast(this.#served.updatable(), payload)
    this.#silence.saved()
  }

  /** A file changed that is no module but restarts the apps. */
  fileChanged(file: string): void {
    this.#apps.fileChanged(file)
  }

  /** Files are watched: an entry that had no file may have got one before. */
  watching(): void {
    this.#apps.ensureMissing()
  }

  /** A file was saved: apps that wait for it try again. */
  fileSaved(environment: DevEnvironment, file: string, isModule: boolean): void {
    this.#apps.saved(file, isModule || this.#bindings.of(environment).records.waitingFor(file).length > 0)
  }

  /** Modules of `environment` that a runner may lack because the new `file` was not there. */
  waitingFor(environment: DevEnvironment, file: string): Promise<EnvironmentModuleNode[]> {
    return this.#bindings.of(environment).records.nodesFor(file, this.#served.concerns(file))
  }

  async #open({ server, options }: Binding): Promise<void> {
    const endpoints = await this.#endpoints.open(options.limits)
    await endpoints?.configure(server, options.attach ?? false)
    if (!this.#endpoints.closed) this.#apps.ensure(this.entries)
  }

  #serve(session: ServerSession): ServerFunctions {
    const host: RunnerHost = {
      records: async () => {
        const records = await this.#bindings.records
        return session.kind === 'attached' ? records.attached : records
      },
      admit: (info, runner) => this.#admit(session, info, runner),
      receive: (event, data, runner) =>
        channelOf(this.#bindings.current.environment).receive(event, data, runner.client),
      compared: (runner) => {
        if (!runner.waits) this.emit('runner:resync', this.#viewOfSession(session))
        // what was lost may have been this; it begins with what the comparison brings
        else setImmediate(() => void this.#begin(session.pid))
      },
      applied: (report, runner) => this.#applied(session, report, runner),
      loaded: (files, { id }) => {
        if (this.#appOf(session)) void this.#apps.loaded(id, files)
      },
      fetching: (answer, { info, waits, feed }) => {
        if (info?.kind === 'supervised' && !waits) this.#progress.show(answer, () => feed.size)
      },
      begun: (runner) => this.#joined(session, runner),
      waiting: () => this.emit('runner:standby', this.#viewOfSession(session)),
      ready: () => {
        this.#appOf(session)?.supervisor.ready(session.pid)
        this.emit('runner:ready', this.#viewOfSession(session))
      },
    }
    const runner = serveRunner(session, host)
    this.#served.add(session, runner)
    session.on('disconnect', () => {
      if (isRunner(runner)) this.emit('runner:disconnect', this.#viewOfSession(session))
      // nothing tells when a helper has ended, and one that has not can ask again
      else if (session.kind === 'supervised' && !runner.waits) void session.close()
    })
    this.#silence.watch(session, runner)
    session.on('resume', () => isRunner(runner) && this.emit('runner:resume', this.#viewOfSession(session)))
    session.on('resync', () => runner.feed.lost())
    session.on('error', (error) => this.#report.failed(undefined, flattenError(error), false))
    session.on('end', () => {
      this.#served.delete(session)
      if (isRunner(runner)) host.receive('vite:client:disconnect', undefined, runner)
    })
    return runner.functions
  }

  async #admit(session: ServerSession, info: RunnerInfo, runner: ServedRunner): Promise<RunnerConfig> {
    const binding = await this.#bindings.serving
    if (session.kind === 'supervised' && info.kind === 'helper') {
      runner.id = info.app ?? ''
      return { ...runnerConfig(binding, runner.id), hmr: false, onUnaccepted: 'restart' }
    }
    const app = session.kind === 'supervised' ? this.#apps.withPid(session.pid) : undefined
    runner.id = app?.id ?? distinctId(`${info.name}#${session.pid}`, this.runners)
    runner.waits = app !== undefined && app.supervisor.pid !== session.pid
    if (!runner.waits) {
      await app?.mayBegin()
      this.#joined(session, runner)
    }
    return { ...runnerConfig(binding, runner.id, app?.url), ...(runner.waits && { waits: true }) }
  }

  /** A runner is there, and runs something from now on. */
  #joined(session: ServerSession, runner: ServedRunner): void {
    this.#appOf(session)?.supervisor.fetched(session.pid)
    channelOf(this.#bindings.current.environment).receive('vite:client:connect', undefined, runner.client)
    this.emit('runner:connect', this.#viewOfSession(session))
  }

  /** A standby's turn may have come. One that has not introduced itself yet need not be told: it does not wait any more. */
  async #begin(pid: number): Promise<void> {
    const standby = this.#served.standbyOf(pid)
    const app = standby && this.#appOf(standby[0])
    if (app?.supervisor.pid === pid) await beginTurn(standby!, app)
  }

  /** An app process has ended. Returns the sessions that have ended with it. */
  #leave(pid: number): readonly Pair[] {
    const own = this.#served.ofProcess(pid)
    for (const [session] of own) void session.close()
    return own
  }

  #applied(session: ServerSession, report: Applied, runner: ServedRunner): void {
    const app = this.#appOf(session)
    const { seq, outcome } = report
    debug('%s applied %d: %s', runner.id, seq, outcome)
    this.emit(outcome === 'failed' ? 'update:failed' : 'update:applied', this.#viewOfSession(session), report)
    if (!app) return
    this.#served.standbyOf(app.supervisor.standbyPid)?.[1].feed.hurry()
    const reason = tellOutcome(this.#report, app.id, report, this.#bindings.current.environment)
    if (reason !== undefined) this.#apps.replace(app, reason)
  }

  /** An attached runner may call itself what it likes. */
  #appOf(session: ServerSession): App | undefined {
    return session.kind === 'supervised' ? this.#apps.find(this.#served.get(session)?.id ?? '') : undefined
  }

  #viewOf(app: App): RunnerView {
    const { pid, standbyPid } = app.supervisor
    return viewOfApp(app, this.#served.runnerOf(pid), this.#served.standbyOf(standbyPid)?.[1])
  }

  #viewOfSession(session: ServerSession): RunnerView {
    const app = this.#appOf(session)
    return app ? this.#viewOf(app) : viewOfAttached(session, this.#served.get(session)!)
  }
}
