/**
 * Owner of endpoints, sessions and supervised apps. It outlives Vite's in-process restart: an environment is configured,
 * resumed and suspended under it, and what runners ask meanwhile waits.
 */
import { EventEmitter } from 'node:events'
import { basename } from 'node:path'
import { createDebug } from 'obug'
import type { DevEnvironment, HotPayload, ViteDevServer } from 'vite'
import { createDeferred, type Deferred } from '../shared/deferred.ts'
import { type FlatError, flattenError, TetherError } from '../shared/errors.ts'
import type { Applied, ModuleId, RunnerConfig, RunnerInfo } from '../shared/types.ts'
import { App } from './app.ts'
import { type Endpoints, openEndpoints } from './endpoints.ts'
import { resolveEntry, toUrl } from './entries.ts'
import { channelOf } from './environment.ts'
import type { HubEvents, RunnerView, StartOptions, TetherHub } from './hub-types.ts'
import { MAIN_PATH } from './main-path.ts'
import type { TetherOptions } from './options.ts'
import { createRecords, type Records, type Versions } from './records.ts'
import { createReport, formatChain, type Report } from './report.ts'
import { type RunnerHost, type ServedRunner, serveRunner } from './runners.ts'
import { recordSeeds } from './seeds.ts'
import type { ServerSession } from './sessions.ts'

const debug = createDebug('vite-tether:hub')

/** The environment before Vite sets NODE_ENV in it, where this file was loaded early enough (the command line does). */
const inherited = { ...process.env }

/** An environment and the server it belongs to, from one restart of Vite to the next. */
interface Binding {
  environment: DevEnvironment
  server: ViteDevServer
  options: TetherOptions
  records: Records
}

/** {@link TetherHub} is what users may call; the other functions are the plugin's. */
export class Hub extends EventEmitter<HubEvents> implements TetherHub {
  readonly #ready = createDeferred<void>()
  readonly #versions: Versions = { last: 0, latest: new Map() }
  readonly #configured = new WeakMap<DevEnvironment, Binding>()
  readonly #apps = new Map<string, App>()
  /** Entries of the options that have no file yet. */
  readonly #missing = new Set<string>()
  readonly #served = new Map<ServerSession, ServedRunner>()
  readonly #report: Report
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
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get attach(): { readonly url: string; readonly token: string } | undefined {
    return this.#endpoints?.attach
  }

  get runners(): RunnerView[] {
    const attached = [...this.#served].filter(([, { info }]) => info?.kind === 'attached')
    return [
      ...[...this.#apps.values()].map((app) => this.#viewOf(app)),
      ...attached.map(([session]) => this.#viewOfSession(session)),
    ]
  }

  async start(entry: string, options: StartOptions = {}): Promise<string> {
    await this.#serving.promise
    const file = resolveEntry(entry, this.#binding.server.config.root)
    const app = this.#createApp(entry, file, options)
    await app.supervisor.start()
    return app.id
  }

  async restart(id?: string): Promise<void> {
    const apps = id === undefined ? [...this.#apps.values()] : [this.#app(id)]
    await Promise.all(apps.map((app) => app.replace('on request')))
  }

  async stop(id: string): Promise<void> {
    await this.#app(id).supervisor.stop()
  }

  /** A server was made with an environment of ours; it does not serve yet. */
  configure(environment: DevEnvironment, server: ViteDevServer, options: TetherOptions): void {
    this.#configured.set(environment, {
      environment,
      server,
      options,
      records: createRecords(environment, this.#versions),
    })
    recordSeeds(environment, (nodes, payload) => {
      const ids = nodes.flatMap(({ id }) => (id === null ? [] : [id]))
      debug('seeds %o with %s', ids, payload?.type ?? 'no payload')
      for (const { feed } of this.#served.values()) if (feed.concerns(ids)) feed.save(ids)
      // frameworks may run the same modules in Vite's own process
      if (payload) channelOf(environment).sendInProcess(payload)
      return true
    })
  }

  /** Modules of `environment` that import what the new `file` may be. */
  waitingFor(environment: DevEnvironment, file: string): ModuleId[] {
    return this.#configured.get(environment)!.records.waitingFor(file)
  }

  /** The environment serves from now on: the first time, or instead of one that Vite's restart has closed. */
  resume(environment: DevEnvironment): void {
    const binding = this.#configured.get(environment)
    if (!binding) return
    const isFirst = this.#current === undefined
    this.#current = binding
    this.#serving.resolve(binding)
    debug(isFirst ? 'serving' : 'serving again')
    if (!isFirst) for (const { feed } of this.#served.values()) feed.review()
    this.#open(binding).then(this.#ready.resolve, this.#ready.reject)
  }

  /** The environment is closed; unless {@link close} follows, another takes its place. */
  suspend(environment: DevEnvironment): void {
    if (this.#current?.environment !== environment) return
    this.#serving = createDeferred()
  }

  /** Stops all apps and closes all sessions. The hub is of no use afterwards. */
  async close(): Promise<void> {
    const closed = new TetherError('ERR_CLOSED', 'The Vite server was closed.')
    this.#serving.reject(closed)
    this.#ready.reject(closed)
    await Promise.allSettled([...this.#apps.values()].map((app) => app.supervisor.stop()))
    await this.#endpoints?.close()
  }

  /** Sends a payload of Vite or a plugin to all runners. What changed is not told by payloads but by {@link recordSeeds}. */
  broadcast(payload: HotPayload): void {
    if (payload.type === 'prune' || payload.type === 'connected' || payload.type === 'ping') return
    for (const { feed, client } of this.#served.values()) {
      if (payload.type === 'full-reload') feed.reload()
      else client.send(payload)
    }
  }

  /** A file changed that is no module but restarts the apps. */
  fileChanged(file: string): void {
    const name = file.replace(`${this.#binding.server.config.root}/`, '')
    for (const app of this.#apps.values()) this.#replace(app, `${name} changed`)
  }

  /** Any file was saved: apps that wait for one try again. */
  fileSaved(): void {
    for (const app of this.#apps.values()) app.saved()
    for (const entry of this.#missing) this.#startEntry(entry)
  }

  get #binding(): Binding {
    if (!this.#current)
      throw new TetherError('ERR_CLOSED', 'The Vite server does not listen yet: await hub.ready first.')
    return this.#current
  }

  async #open({ server, options }: Binding): Promise<void> {
    this.#endpoints ??= await openEndpoints((session) => this.#serve(session))
    await this.#endpoints.configure(server, options.attach ?? false)
    for (const entry of [options.entry ?? []].flat()) {
      if (![...this.#apps.values()].some((app) => app.entry === entry)) this.#startEntry(entry)
    }
  }

  #startEntry(entry: string): void {
    this.#missing.delete(entry)
    this.start(entry).catch((error) => {
      if (error.code === 'ERR_ENTRY') {
        if (!this.#missing.has(entry)) this.#report.failed(flattenError(error), false)
        this.#missing.add(entry)
      } else if (error.code !== 'ERR_CLOSED') this.#report.failed(flattenError(error), false)
    })
  }

  #createApp(entry: string, file: string, { args, env }: StartOptions): App {
    const { options, server } = this.#binding
    const taken = (id: string) => this.#apps.has(id)
    const name = basename(file)
    let id = name
    for (let n = 2; taken(id); n++) id = `${name}-${n}`
    const app: App = new App(
      entry,
      toUrl(file, server.config.root),
      {
        id,
        main: MAIN_PATH,
        entry: file,
        args: args ?? options.args ?? [],
        execArgv: options.execArgv ?? [],
        env: () => ({ ...inherited, ...this.#binding.options.env, ...env }),
        cwd: options.cwd ?? process.cwd(),
        stdio: options.stdio ?? 'inherit',
        stdin: 'inherit',
        handover: () => this.#endpoints!.supervised,
        ...(options.stop && { stop: options.stop }),
      },
      {
        check: () => this.#check(app.url),
        restarting: (reason) => {
          this.#report.restarted(reason)
          this.emit('restart', this.#viewOf(app), reason)
        },
        refused: (error) => this.#report.failed(error, true),
      },
    )
    this.#apps.set(id, app)
    const { supervisor } = app
    supervisor.on('exit', ({ code, signal }) => this.emit('exit', this.#viewOf(app), code, signal))
    supervisor.on('stdout', (line) => this.emit('stdout', this.#viewOf(app), line))
    supervisor.on('stderr', (line) => this.emit('stderr', this.#viewOf(app), line))
    return app
  }

  /** The first reason why a new process could not start; what the transforms cost is not lost, the process asks for them next. */
  async #check(url: string): Promise<FlatError | undefined> {
    try {
      const { records } = await this.#serving.promise
      const found = await records.fetch(url, undefined, () => undefined)
      return 'failed' in found ? found.failed[0]?.error : undefined
    } catch (error) {
      return flattenError(error)
    }
  }

  #serve(session: ServerSession): ServedRunner {
    const host: RunnerHost = {
      records: async () => (await this.#serving.promise).records,
      admit: (info, runner) => this.#admit(session, info, runner),
      receive: (event, data, runner) => channelOf(this.#binding.environment).receive(event, data, runner.client),
      applied: (report, runner) => this.#applied(session, report, runner),
    }
    const runner = serveRunner(session.rpc, host)
    this.#served.set(session, runner)
    session.on('disconnect', () => runner.info && this.emit('runner:disconnect', this.#viewOfSession(session)))
    session.on('resume', () => runner.info && this.emit('runner:resume', this.#viewOfSession(session)))
    session.on('end', () => {
      this.#served.delete(session)
      if (runner.info) host.receive('vite:client:disconnect', undefined, runner)
    })
    return runner
  }

  async #admit(session: ServerSession, info: RunnerInfo, runner: ServedRunner): Promise<RunnerConfig> {
    const { server, environment, options } = await this.#serving.promise
    const app =
      info.kind === 'supervised'
        ? [...this.#apps.values()].find(({ supervisor }) => supervisor.pid === info.pid)
        : undefined
    runner.id = app?.id ?? `${info.name}#${info.pid}`
    const { root } = server.config
    const onUnaccepted = app ? (options.onUnaccepted ?? 'restart') : 'reload'
    channelOf(environment).receive('vite:client:connect', undefined, runner.client)
    this.emit('runner:connect', this.#viewOfSession(session))
    return {
      id: runner.id,
      root,
      env: { ...server.config.env, SSR: true },
      hmr: server.config.server.hmr !== false,
      entries: app ? [app.url] : [],
      onUnaccepted,
    }
  }

  #applied(session: ServerSession, report: Applied, runner: ServedRunner): void {
    const app = this.#apps.get(runner.id)
    debug('%s applied %d: %s', runner.id, report.seq, report.outcome)
    if (report.seq === 0) {
      if (report.outcome !== 'failed') app?.supervisor.ready(runner.info?.pid)
      return
    }
    const failed = report.outcome === 'failed'
    this.emit(failed ? 'update:failed' : 'update:applied', this.#viewOfSession(session), report)
    if (!app) return
    if (failed && report.error) this.#report.failed(report.error, true)
    else if (report.outcome === 'unaccepted') this.#replace(app, `nothing accepts ${formatChain(report.chain ?? [])}`)
    else this.#report.updated(report)
  }

  #replace(app: App, reason: string): void {
    app.replace(reason).catch((error) => this.#report.failed(flattenError(error), false))
  }

  #app(id: string): App {
    const app = this.#apps.get(id)
    if (!app) {
      const known = [...this.#apps.keys()].join(', ') || 'there is none'
      throw new TetherError('ERR_CONFIG', `Expected the id of a supervised runner (${known}), got '${id}'.`)
    }
    return app
  }

  #viewOf(app: App): RunnerView {
    const { pid, state } = app.supervisor
    const served = [...this.#served.values()].find(({ info }) => info?.kind === 'supervised' && info.pid === pid)
    return {
      id: app.id,
      name: app.id,
      kind: 'supervised',
      pid,
      host: served?.info?.host,
      state,
      modules: served?.feed.size ?? 0,
      lastUpdate: served?.lastUpdate,
    }
  }

  #viewOfSession(session: ServerSession): RunnerView {
    const runner = this.#served.get(session)!
    const app = this.#apps.get(runner.id)
    if (app) return this.#viewOf(app)
    const { name, kind, pid, host } = runner.info!
    return {
      id: runner.id,
      name,
      kind,
      pid,
      host,
      state: session.state,
      modules: runner.feed.size,
      lastUpdate: runner.lastUpdate,
    }
  }
}
