/**
 * Owner of endpoints, sessions and supervised apps. It outlives Vite's in-process restart: an environment is configured,
 * resumed and suspended under it, and what runners ask meanwhile waits.
 */
import { EventEmitter } from 'node:events'
import { createDebug } from 'obug'
import type { DevEnvironment, HotPayload, ViteDevServer } from 'vite'
import { createDeferred, type Deferred } from '../shared/deferred.ts'
import { flattenError, TetherError } from '../shared/errors.ts'
import type { Applied, ModuleId, RunnerConfig, RunnerInfo, ServerFunctions } from '../shared/types.ts'
import type { App } from './app.ts'
import { Apps } from './apps.ts'
import { findFailure } from './check.ts'
import { type Endpoints, openEndpoints } from './endpoints.ts'
import { channelOf } from './environment.ts'
import type { HubEvents, RunnerView, StartOptions, TetherHub } from './hub-types.ts'
import { catchLateSaves } from './late-saves.ts'
import type { CliSettings, TetherOptions } from './options.ts'
import { type AllRecords, createRecords, type Versions } from './records.ts'
import { createReport, formatChain, type Report } from './report.ts'
import { type RunnerHost, type ServedRunner, serveRunner } from './runners.ts'
import { recordSeeds } from './seeds.ts'
import type { ServerSession } from './sessions.ts'
import { distinctId, isRunner, viewOfApp, viewOfAttached } from './views.ts'

const debug = createDebug('vite-tether:hub')

/** An environment and the server it belongs to, from one restart of Vite to the next. */
interface Binding {
  environment: DevEnvironment
  server: ViteDevServer
  options: TetherOptions & Partial<CliSettings>
  records: AllRecords
}

/** {@link TetherHub} is what users may call; the other functions are the plugin's. */
export class Hub extends EventEmitter<HubEvents> implements TetherHub {
  readonly #ready = createDeferred<void>()
  readonly #versions: Versions = { last: 0, latest: new Map() }
  readonly #configured = new WeakMap<DevEnvironment, Binding>()
  readonly #served = new Map<ServerSession, ServedRunner>()
  readonly #report: Report
  readonly #apps: Apps
  #endpoints: Endpoints | undefined
  /** The newest environment that has listened. */
  #current: Binding | undefined
  /** Resolved while Vite serves, pending while it restarts, rejected once the hub is closed. */
  #serving: Deferred<Binding> = createDeferred()

  constructor() {
    super()
    this.#report = createReport(
      () => this.#binding.server.config.logger,
      () => this.#binding.server.config.root,
    )
    this.#apps = new Apps({
      report: this.#report,
      settings: () => ({ server: this.#binding.server, options: this.#binding.options }),
      handover: () => {
        const { url, secret } = this.#endpoints!.supervised
        return { url, secret, root: this.#binding.server.config.root }
      },
      invitation: () => this.#endpoints!.supervised.invitation,
      check: (url, others) => findFailure(this.#records(), url, others),
      restarting: (app, reason) => {
        this.#report.restarted(reason)
        this.emit('restart', this.#viewOf(app), reason)
      },
      exit: (app, exit) => {
        const { pid, code, signal } = exit
        const own = [...this.#served].filter(([session]) => session.kind === 'supervised' && session.pid === pid)
        for (const [session] of own) void session.close()
        this.#report.ended(exit)
        this.emit('exit', this.#viewOf(app), code, signal)
        // a save that the process has not lived to see
        if (own.some(([, { feed }]) => feed.pending)) app.saved()
      },
      line: (app, stream, line) => this.emit(stream, this.#viewOf(app), line),
    })
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get attach(): TetherHub['attach'] {
    return this.#endpoints?.attach
  }

  get runners(): RunnerView[] {
    const attached = [...this.#served].filter(([session, { info }]) => session.kind === 'attached' && info)
    return [
      ...this.#apps.list().map((app) => this.#viewOf(app)),
      ...attached.map(([each]) => this.#viewOfSession(each)),
    ]
  }

  /** The entries of the options, as given. */
  get entries(): string[] {
    return [this.#binding.options.entry ?? []].flat()
  }

  async start(entry: string, options: StartOptions = {}): Promise<string> {
    await this.#ready.promise
    return this.#apps.start(entry, options)
  }

  async restart(id?: string): Promise<void> {
    const apps = id === undefined ? this.#apps.list() : [this.#apps.get(id)]
    await Promise.all(apps.map((app) => app.replace('on request')))
  }

  async stop(id: string): Promise<void> {
    await this.#apps.get(id).supervisor.stop()
  }

  /** A server was made with an environment of ours; it does not serve yet. */
  configure(environment: DevEnvironment, server: ViteDevServer, options: Binding['options']): void {
    const records = createRecords(environment, this.#versions)
    this.#configured.set(environment, { environment, server, options, records })
    catchLateSaves(server.watcher)
    recordSeeds(environment, (nodes, payload) => {
      const ids = nodes.flatMap(({ id }) => (id === null ? [] : [id]))
      debug('seeds %o with %s', ids, payload?.type ?? 'no payload')
      for (const { feed } of this.#updatable()) feed.save(ids)
      // frameworks may run the same modules in Vite's own process
      if (payload) channelOf(environment).sendInProcess(payload)
      return true
    })
  }

  /** The environment serves from now on: the first time, or instead of one that Vite's restart has closed. */
  resume(environment: DevEnvironment): void {
    const binding = this.#configured.get(environment)
    if (!binding) return
    const isFirst = this.#current === undefined
    this.#current = binding
    this.#serving.resolve(binding)
    debug(isFirst ? 'serving' : 'serving again')
    if (!isFirst) for (const { feed } of this.#updatable()) feed.review()
    this.#open(binding).then(this.#ready.resolve, this.#ready.reject)
  }

  /** The environment is closed; unless {@link close} follows, another takes its place. */
  suspend(environment: DevEnvironment): void {
    if (this.#current?.environment === environment) this.#serving = createDeferred()
  }

  /** Stops all apps and closes all sessions. The hub is of no use afterwards. */
  async close(): Promise<void> {
    const closed = new TetherError('ERR_CLOSED', 'The Vite server was closed.')
    this.#serving.reject(closed)
    this.#ready.reject(closed)
    await this.#apps.close()
    await this.#endpoints?.close()
  }

  /** Sends a payload of Vite or a plugin to all runners. What changed is not told by payloads but by `recordSeeds`. */
  broadcast(payload: HotPayload): void {
    if (payload.type === 'prune' || payload.type === 'connected' || payload.type === 'ping') return
    for (const { feed, client } of this.#updatable()) {
      if (payload.type === 'full-reload') feed.reload()
      else client.send(payload)
    }
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
  fileSaved(file: string, isModule: boolean): void {
    const { records } = this.#binding
    this.#apps.saved(file, isModule || records.waitingFor(file).length > 0)
  }

  /** Modules of `environment` that import what the new `file` may be. */
  waitingFor(environment: DevEnvironment, file: string): ModuleId[] {
    return this.#configured.get(environment)!.records.waitingFor(file)
  }

  get #binding(): Binding {
    if (this.#current) return this.#current
    throw new TetherError('ERR_CLOSED', 'The Vite server does not listen yet: await hub.ready first.')
  }

  async #open({ server, options }: Binding): Promise<void> {
    this.#endpoints ??= await openEndpoints((session) => this.#serve(session))
    await this.#endpoints.configure(server, options.attach ?? false)
    this.#apps.ensure(this.entries)
  }

  async #records(): Promise<AllRecords> {
    return (await this.#serving.promise).records
  }

  #serve(session: ServerSession): ServerFunctions {
    const host: RunnerHost = {
      records: async () => {
        const records = await this.#records()
        return session.kind === 'attached' ? records.attached : records
      },
      admit: (info, runner) => this.#admit(session, info, runner),
      receive: (event, data, runner) => channelOf(this.#binding.environment).receive(event, data, runner.client),
      compared: () => this.emit('runner:resync', this.#viewOfSession(session)),
      applied: (report, runner) => this.#applied(session, report, runner),
      loaded: (files, { id }) => {
        if (this.#appOf(session)) void this.#apps.loaded(id, files)
      },
      ready: () => {
        this.#appOf(session)?.supervisor.ready(session.pid)
        this.emit('runner:ready', this.#viewOfSession(session))
      },
    }
    const runner = serveRunner(session, host)
    this.#served.set(session, runner)
    session.on('disconnect', () => {
      if (isRunner(runner)) this.emit('runner:disconnect', this.#viewOfSession(session))
      // nothing tells when a helper has ended, and one that has not can ask again
      else if (session.kind === 'supervised') void session.close()
    })
    session.on('resume', () => isRunner(runner) && this.emit('runner:resume', this.#viewOfSession(session)))
    session.on('resync', () => runner.feed.lost())
    session.on('error', (error) => this.#report.failed(flattenError(error), false))
    session.on('end', () => {
      this.#served.delete(session)
      if (isRunner(runner)) host.receive('vite:client:disconnect', undefined, runner)
    })
    return runner.functions
  }

  async #admit(session: ServerSession, info: RunnerInfo, runner: ServedRunner): Promise<RunnerConfig> {
    const { server, environment, options } = await this.#serving.promise
    const { root, env } = server.config
    const common = { root, env: { ...env, SSR: true } }
    if (session.kind === 'supervised' && info.kind === 'helper') {
      runner.id = info.app ?? ''
      return { ...common, id: runner.id, hmr: false, entries: [], onUnaccepted: 'restart' }
    }
    const app = session.kind === 'supervised' ? this.#apps.withPid(session.pid) : undefined
    runner.id = app?.id ?? distinctId(`${info.name}#${session.pid}`, this.runners)
    app?.supervisor.fetched(session.pid)
    channelOf(environment).receive('vite:client:connect', undefined, runner.client)
    this.emit('runner:connect', this.#viewOfSession(session))
    return {
      ...common,
      id: runner.id,
      hmr: server.config.server.hmr !== false,
      entries: app ? [app.url] : [],
      onUnaccepted: app ? (options.onUnaccepted ?? 'restart') : 'reload',
    }
  }

  #applied(session: ServerSession, report: Applied, runner: ServedRunner): void {
    const app = this.#appOf(session)
    debug('%s applied %d: %s', runner.id, report.seq, report.outcome)
    const failed = report.outcome === 'failed'
    this.emit(failed ? 'update:failed' : 'update:applied', this.#viewOfSession(session), report)
    if (!app) return
    if (failed && report.error) this.#report.failed(report.error, true)
    else if (report.outcome === 'unaccepted') {
      const { chain } = report
      this.#apps.replace(app, chain ? `nothing accepts ${formatChain(chain)}` : 'a plugin asked for a full reload')
    } else this.#report.updated(report)
  }

  /** An attached runner may call itself what it likes. */
  #appOf(session: ServerSession): App | undefined {
    return session.kind === 'supervised' ? this.#apps.find(this.#served.get(session)?.id ?? '') : undefined
  }

  /** What takes part in updates: not the helpers, whose files restart the app. */
  #updatable(): ServedRunner[] {
    return [...this.#served.values()].filter(({ info }) => info?.kind !== 'helper')
  }

  #viewOf(app: App): RunnerView {
    const { pid } = app.supervisor
    const isOf = ([session, runner]: [ServerSession, ServedRunner]) =>
      session.kind === 'supervised' && session.pid === pid && isRunner(runner)
    const [, served] = [...this.#served].find(isOf) ?? []
    return viewOfApp(app, served)
  }

  #viewOfSession(session: ServerSession): RunnerView {
    const app = this.#appOf(session)
    return app ? this.#viewOf(app) : viewOfAttached(session, this.#served.get(session)!)
  }
}
