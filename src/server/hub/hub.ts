/**
 * Owner of endpoints, sessions and supervised apps. It outlives Vite's in-process restart: an environment is configured,
 * resumed and suspended under it, and what runners ask meanwhile waits.
 */
import { EventEmitter } from 'node:events'
import { createDebug } from 'obug'
import type { DevEnvironment, EnvironmentModuleNode, HotPayload, ViteDevServer } from 'vite'
import { createDeferred } from '../../shared/util/deferred.ts'
import { packageRules } from '../apps/all-flags.ts'
import { Apps } from '../apps/apps.ts'
import type { HubEvents, RunnerView, StartOptions, TetherHub } from '../hub-types.ts'
import { findFailure } from '../modules/start-check.ts'
import type { TetherOptions } from '../options.ts'
import type { PageHub } from '../page/page-handler.ts'
import { Timeline } from '../page/timeline.ts'
import { Dispatch } from '../serve/dispatch.ts'
import { PortSharing, type SharingHost } from '../serve/port-sharing.ts'
import { createEndpoints } from '../sessions/endpoints.ts'
import type { StartKeeper } from '../start/keeper.ts'
import { reportAttached } from '../terminal/attached-runners.ts'
import { createReport } from '../terminal/report.ts'
import { channelOf, parserOf } from '../vite/environment.ts'
import { watchHotUpdateHooks } from '../vite/hot-update-hooks.ts'
import { catchLateSaves } from '../vite/late-saves.ts'
import { recordSeeds } from '../vite/seeds.ts'
import { missedByPaths } from '../vite/tsconfig-paths.ts'
import { eventsHandled } from '../vite/unhandled-events.ts'
import type { FileFilter } from '../vite/watched-files.ts'
import { type Binding, Bindings } from './bindings.ts'
import { broadcast } from './broadcast.ts'
import { Keeping } from './keeping.ts'
import { Reception } from './reception.ts'
import { Requests } from './requests.ts'
import type { SessionTable } from './session-table.ts'
import { WithheldSaves } from './withheld-saves.ts'

const debug = createDebug('vite-tether:hub')

/** {@link TetherHub} is what users may call; the other functions are the plugin's. */
export class Hub extends EventEmitter<HubEvents> implements PageHub {
  readonly timeline: Timeline = new Timeline(this, () => this.environment.config.root)
  readonly #ready = createDeferred<void>()
  readonly #bindings = new Bindings()
  readonly #apps: Apps
  readonly #requests: Requests
  readonly #reception: Reception
  readonly #withheld: WithheldSaves
  readonly #sharing: PortSharing
  readonly #dispatch: Dispatch
  readonly #keeping: Keeping
  readonly #endpoints = createEndpoints((session) => this.#reception.receive(session))

  constructor() {
    super()
    const bindings = this.#bindings
    const config = () => bindings.current.server.config
    const opened = () => this.#endpoints.opened!.supervised
    const report = createReport({
      logger: () => config().logger,
      root: () => config().root,
      isOneOfMany: () => this.#apps.isOneOfMany,
      hasShortcuts: () => bindings.current.options.stdin === 'silent',
    })
    this.#apps = new Apps({
      report,
      settings: () => bindings.current,
      handover: () => {
        const { url, secret } = opened()
        const { root, cacheDir } = config()
        return { url, secret, root, cacheDir }
      },
      invitation: () => opened().invitation,
      handled: () => eventsHandled(bindings.current.environment),
      check: (url, others, pid) => {
        const { execArgv, env } = bindings.current.options
        return findFailure(bindings.records, {
          ...{ entry: url, others, running: this.#served.runnerOf(pid)?.feed },
          rules: packageRules(execArgv ?? [], { ...process.env, ...env }),
          parse: parserOf(config()),
          byPaths: (...asked) => missedByPaths(bindings.current.environment, ...asked),
        })
      },
    })
    this.#reception = new Reception({
      ...{ events: this, bindings, apps: this.#apps, report },
      proven: () => this.#keeping.proven(),
    })
    this.#withheld = new WithheldSaves(this, report, this.#apps, this.#served)
    this.#keeping = new Keeping(this, this.#apps, bindings, () => this.#served.compared())
    this.#requests = new Requests(this.#apps, bindings, this.#ready.promise)
    const answering: SharingHost = {
      events: this,
      runners: () =>
        this.#apps.list().map(({ id, supervisor: { state, pid } }) => {
          return { id, state, serving: this.#served.runnerOf(pid)?.serving }
        }),
      outage: (id) => this.#apps.find(id)?.outages.current,
    }
    this.#sharing = new PortSharing(answering)
    this.#dispatch = new Dispatch(answering)
    this.#apps.on('app', ({ outages }) => {
      outages.on('change', () => {
        this.#sharing.changed()
        this.#dispatch.changed()
      })
    })
    reportAttached(this, () => bindings.logger)
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get attach(): TetherHub['attach'] {
    return this.#endpoints.opened?.attach
  }

  get environment(): DevEnvironment {
    return this.#bindings.current.environment
  }

  get runners(): RunnerView[] {
    return this.#reception.views
  }

  get #served(): SessionTable {
    return this.#reception.served
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
  configure(
    environment: DevEnvironment,
    server: ViteDevServer,
    options: Binding['options'],
    isIgnored: FileFilter,
    keeper?: StartKeeper,
  ): void {
    this.#bindings.configure(environment, server, options)
    if (keeper) this.#keeping.use(keeper)
    catchLateSaves(server.watcher)
    watchHotUpdateHooks(environment, server, (withheld) => this.#withheld.note(withheld))
    recordSeeds(environment, (nodes, payload) => {
      const heeded = nodes.filter(({ file }) => file === null || !isIgnored(file))
      if (heeded.length > 0) this.#saved(heeded, payload)
      // frameworks may run the same modules in Vite's own process
      if (payload) channelOf(environment).sendInProcess(payload)
      return true
    })
  }

  #saved(nodes: readonly EnvironmentModuleNode[], payload: HotPayload | undefined): void {
    const ids = nodes.flatMap(({ id }) => (id === null ? [] : [id]))
    debug('seeds %o with %s', ids, payload?.type ?? 'no payload')
    this.#sharing.saved(nodes.map(({ file }) => file))
    for (const { feed } of this.#served.updatable()) feed.save(ids)
    this.#reception.silence.saved()
    this.emit('save', [...new Set(nodes.flatMap(({ file }) => file ?? []))])
  }

  /** Has the apps answer what `server` leaves to them. Returns what is to be called when Vite has its own handlers. */
  share(server: ViteDevServer, options: TetherOptions): (() => void) | undefined {
    return this.#sharing.share(server, options)
  }

  /** Has the app answer a request of a framework, as soon as there is one. */
  async fetch(request: Request): Promise<Response> {
    await this.#requests.listening('dispatchFetch()')
    const { server, options } = this.#bindings.current
    return this.#dispatch.fetch(request, server, options)
  }

  /** The environment serves from now on: the first time, or instead of one that Vite's restart has closed. */
  resume(environment: DevEnvironment): void {
    const resumed = this.#bindings.resume(environment)
    if (!resumed) return
    const { binding, isFirst } = resumed
    if (!isFirst) {
      for (const { feed } of this.#served.updatable()) feed.review()
      this.#apps.reconfigured()
    }
    this.#open(binding).then(this.#ready.resolve, this.#ready.reject)
  }

  /** The environment is closed; unless {@link close} follows, another takes its place. */
  suspend(environment: DevEnvironment): void {
    this.#bindings.suspend(environment)
  }

  /** Stops all apps and closes all sessions. The hub is of no use afterwards. */
  async close(): Promise<void> {
    this.#keeping.close()
    const closed = this.#requests.close()
    this.#bindings.close(closed)
    this.#ready.reject(closed)
    this.#sharing.close()
    this.#dispatch.close(closed)
    await this.#apps.close()
    await this.#endpoints.close()
  }

  /** Sends a payload of Vite or a plugin to all runners. */
  broadcast(payload: HotPayload): void {
    broadcast(this.#served.updatable(), payload)
    this.#reception.silence.saved()
  }

  /**
   * A file changed that restarts apps: any, or those that run one of `modules`. Attached runners, which nobody restarts, are told of
   * what they hold of it.
   */
  fileChanged(file: string, modules: readonly EnvironmentModuleNode[], any: boolean): void {
    this.#sharing.saved([file])
    const dependents = new Set(modules)
    for (const { importers } of dependents) for (const importer of importers) dependents.add(importer)
    const ids = [...dependents].flatMap(({ id }) => id ?? [])
    this.#apps.fileChanged(file, (id) => any || this.#served.mayHold(id, ids))
    this.#served.saved(modules.flatMap(({ id }) => id ?? []))
    this.emit('save', [file])
  }

  /** A file was saved: apps that wait for it try again. */
  fileSaved(environment: DevEnvironment, file: string, isModule: boolean): void {
    if (!isModule) for (const { feed } of this.#served.updatable()) feed.saveUnknown(file)
    this.#apps.saved(file, isModule || this.isAwaited(environment, file))
  }

  /** `true` if a runner of `environment` has missed this file, or an app. */
  isAwaited(environment: DevEnvironment, file: string): boolean {
    const { records, options, server } = this.#bindings.of(environment)
    const { root } = server.config
    return records.waitingFor(file).length > 0 || this.#apps.awaits(file, { entry: options.entry, root })
  }

  /** Modules of `environment` that a runner may lack because the new `file` was not there. */
  waitingFor(environment: DevEnvironment, file: string): Promise<EnvironmentModuleNode[]> {
    return this.#bindings.of(environment).records.nodesFor(file, this.#served.concerns(file))
  }

  async #open({ server, options }: Binding): Promise<void> {
    const endpoints = await this.#endpoints.open(options.limits, options.early?.invitation)
    await endpoints?.configure(server, options.attach ?? false)
    if (!this.#endpoints.closed) await this.#apps.configured.follow()
  }
}
