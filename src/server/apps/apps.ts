/** The supervised apps of one hub: by id and by process. */
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ViteDevServer } from 'vite'
import { type FlatError, flattenError, TetherError } from '../../shared/errors.ts'
import type { Handover } from '../../shared/handover.ts'
import { mayMean, slash } from '../../shared/util/file-path.ts'
import { distinctId } from '../distinct-id.ts'
import type { RestartCause, StartOptions } from '../hub-types.ts'
import { Supervisor } from '../process/supervisor.ts'
import { printLine } from '../terminal/prefixed-output.ts'
import type { Report } from '../terminal/report.ts'
import { App } from './app.ts'
import { BeforeRestart } from './before-restart.ts'
import {
  type AppOptions,
  appCommand,
  appEnv,
  type CommandRequest,
  inputFiles,
  mayStandBy,
  requestedInspector,
} from './command.ts'
import { ConfiguredEntries } from './configured-entries.ts'
import { resolveEntry, toUrl } from './entries.ts'
import { inherited } from './inherited-env.ts'
import { choosePort, type InspectorRequest } from './inspector-flags.ts'
import { type NativeFile, Natives } from './native-files.ts'
import { Outages } from './outages.ts'
import { aftermath } from './own-writes.ts'
import { PortHolder } from './port-holder.ts'
import { runnerConfig } from './runner-config.ts'
import { serveConfig } from './serve-config.ts'
import { hasRoom } from './standby-rules.ts'

/** The functions of the hub that apps need. */
export interface AppsHost {
  readonly report: Report
  /** Vite's server and the plugin's options, as they are now. */
  settings(): { server: ViteDevServer; options: AppOptions }
  /** Tells an app process where the server is. */
  handover(): Pick<Handover, 'url' | 'secret' | 'root' | 'cacheDir'>
  /** Path of the file that tells the same to processes and threads of an app process. */
  invitation(): string
  /** Resolves when Vite has dropped the code from before the saves. */
  handled(): Promise<void>
  /** The first reason why a process with this entry could not start; `others` are further URLs that it loads, `pid` is the one that runs. */
  check(url: string, others: readonly string[], pid?: number): Promise<FlatError | undefined>
}

/** Events of the apps, with their arguments. */
export interface AppsEvents {
  /** There is one more; its process is not started yet. Whoever has to know what becomes of it listens to the app itself. */
  app: [app: App]
}

/** All supervised apps. */
export class Apps extends EventEmitter<AppsEvents> {
  readonly configured: ConfiguredEntries
  readonly #host: AppsHost
  readonly #apps = new Map<string, App>()
  readonly #natives = new Natives()
  readonly #before: BeforeRestart
  /** A process was asked to look at `.env`: one hint is enough. */
  #hasHinted = false
  readonly #ports: PortHolder
  readonly #inspectorPorts = new Set<number>()
  #isClosed = false

  constructor(host: AppsHost) {
    super()
    this.#host = host
    this.#before = new BeforeRestart({
      command: () => this.#options.before,
      root: () => this.#root,
      aftermath: () => aftermath(host.settings().server.watcher),
      tell: (command) => host.report.runs(command),
    })
    this.configured = new ConfiguredEntries({
      report: host.report,
      entries: () => this.#entries,
      list: () => this.list(),
      start: (entry, made) => this.start(entry, {}, made),
      forget: (app) => this.#apps.delete(app.id),
    })
    this.#ports = new PortHolder(() => host.settings().server.config.logger)
  }

  list(): App[] {
    return [...this.#apps.values()]
  }

  /** The app whose process this is, or is to be. */
  withPid(pid: number): App | undefined {
    return this.list().find(({ supervisor }) => supervisor.pid === pid || supervisor.standbyPid === pid)
  }

  find(id: string): App | undefined {
    return this.#apps.get(id)
  }

  /** Throws `ERR_CONFIG` if there is no such app. */
  get(id: string): App {
    const app = this.#apps.get(id)
    if (app) return app
    const known = [...this.#apps.keys()].join(', ') || 'there is none'
    throw new TetherError('ERR_CONFIG', `Expected the id of a supervised runner (${known}), got '${id}'.`)
  }

  /** Starts one more app; `made` is told before its process is started. Rejects with `ERR_ENTRY`, `ERR_START` or `ERR_CLOSED`. */
  async start(entry: string, options: StartOptions = {}, made?: (app: App) => void): Promise<string> {
    const inspector = await this.#inspector(options)
    if (this.#isClosed) throw new TetherError('ERR_CLOSED', `The Vite server was closed before ${entry} was started.`)
    const app = this.#create(entry, options, inspector)
    made?.(app)
    // Vite transforms while the process boots, which is going to ask for the same
    void this.#host.check(app.url, [])
    await app.supervisor.start()
    return app.id
  }

  /** Takes a stopped app off the list. An entry of the options is not started again when Vite restarts. */
  remove(app: App): void {
    this.#apps.delete(app.id)
    this.#natives.forget(app.id)
    this.configured.removed(app)
  }

  /** Replaces the process of an app that was not stopped; what goes wrong is reported. */
  replace(app: App, cause: RestartCause): void {
    // one that runs once is what it has begun as
    if (app.supervisor.state === 'stopped' || this.#options.once) return
    this.#report(app, app.replace(cause))
  }

  #report(app: App, restart: Promise<unknown>): void {
    restart.catch((error) => this.#host.report.failed(app.id, flattenError(error), false))
  }

  /**
   * Node has loaded these files in the process of an app, or in one that it has started; or it has not found them. Resolves with those that
   * were saved before this was told.
   */
  loaded(id: string, files: Iterable<NativeFile>): Promise<string[]> {
    return this.#natives.add(id, files, this.#host.settings().server)
  }

  /** A file was saved. `isModule`: it is one, or may be one that was missing. */
  saved(file: string, isModule: boolean): void {
    for (const app of this.list()) app.fileSaved(file, isModule)
    this.configured.ensureMissing()
    for (const id of this.#natives.saved(file)) {
      const app = this.get(id)
      // one that was missing is a file like others
      const kind = this.#natives.has(id, file) ? 'native' : 'file'
      if (app.runs) this.replace(app, { kind, file: this.#short(file) })
      else app.nativeSaved(file)
    }
  }

  /**
   * `true` for an entry of the options or of an app in `root`, and for a file that Node has looked for in an app's process, in vain. Of a
   * server that never listens there are no settings.
   */
  awaits(file: string, { entry, root }: { entry: AppOptions['entry']; root: string }): boolean {
    const entries = [entry ?? [], this.list().map((app) => app.entry)].flat(2)
    return this.#natives.misses(file) || entries.some((each) => mayMean(slash(resolve(root, each)), file))
  }

  /** A file changed that restarts the apps that it `concerns`. The others may wait for a save all the same. */
  fileChanged(file: string, concerns: (id: string) => boolean): void {
    for (const app of this.list()) {
      const { id, supervisor } = app
      if (supervisor.state === 'stopped') continue
      // one that starts may be about to ask for the module
      const isConcerned = supervisor.state !== 'ready' || concerns(id) || this.#natives.has(id, file)
      if (isConcerned) this.#report(app, app.fileChanged(this.#short(file)))
      else app.fileSaved(file, true)
    }
  }

  /** The options have changed: an app whose process was started with others of them is started again. */
  reconfigured(): void {
    for (const app of this.list()) if (app.supervisor.hasOldCommand) this.replace(app, { kind: 'options' })
  }

  /** `true` if there are several apps: lines of the terminal name theirs then. */
  get isOneOfMany(): boolean {
    return this.#apps.size > 1 || this.#entries.length > 1
  }

  get #options(): AppOptions {
    return this.#host.settings().options
  }

  get #entries(): string[] {
    return [this.#options.entry ?? []].flat()
  }

  get #root(): string {
    return this.#host.settings().server.config.root
  }

  #short(file: string): string {
    return file.replace(`${this.#root}/`, '')
  }

  #hintsEnv(): boolean {
    if (this.#hasHinted || this.#options.once || !existsSync(join(this.#root, '.env'))) return false
    this.#hasHinted = true
    return true
  }

  /** Stops all apps, and starts none any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#before.close()
    await Promise.allSettled(this.list().map((app) => app.stop()))
  }

  /** The inspector that the app is to have, on a port of its own, which it keeps over restarts. */
  async #inspector(start: StartOptions): Promise<InspectorRequest | undefined> {
    const options = this.#options
    const env = appEnv(inherited, { options, start, inspector: undefined, isPrefixed: false })
    const request = requestedInspector(options, env)
    return request && { ...request, port: await choosePort(request, this.#inspectorPorts) }
  }

  #create(entry: string, start: StartOptions, inspector: InspectorRequest | undefined): App {
    const host = this.#host
    const file = resolveEntry(entry, this.#root)
    const id = distinctId(basename(file), (taken) => this.#apps.has(taken))
    const url = toUrl(file, this.#root)
    const isPrefixed = this.#options.stdio === undefined && this.isOneOfMany
    const given = { id, file, start, inspector, isPrefixed }
    const fixed = { ...given, invitation: host.invitation(), isTerminal: process.stdin.isTTY }
    // each process is started with the options of that moment: Vite restarts when its config changes
    const request = (): CommandRequest => ({ ...fixed, options: this.#options })
    const command = () => appCommand(request(), inherited)
    const handover = () => ({ ...host.handover(), serve: serveConfig(this.#options, host.handover().url, id) })
    const inputs = () => JSON.stringify([handover(), runnerConfig(host.settings(), id, url), inputFiles(this.#options)])
    const { once, stop } = this.#options
    const outages = new Outages(id)
    const ports = this.#ports.hold(outages, this.#options)
    const supervisor = new Supervisor({
      ...{ id, command },
      handover: () => ({ ...handover(), hintsEnv: this.#hintsEnv(), pause: inspector?.pause }),
      ...(once && { once }),
      ...(stop && { stop }),
      ...(ports && { ports }),
      early: this.#options.early,
      standby: { mayStart: () => mayStandBy(request(), command().env) && hasRoom(), inputs },
    })
    const app: App = new App(
      entry,
      url,
      { supervisor, outages },
      {
        check: () => {
          const natives = Array.from(this.#natives.changed(id), (file) => toUrl(file, this.#root))
          return host.check(url, natives, supervisor.pid)
        },
        before: (lastSave) => this.#before.pass(lastSave),
        handled: () => host.handled(),
        delay: () => this.#options.delay ?? 0,
        aftermath: () => aftermath(host.settings().server.watcher),
      },
    )
    outages.follow(supervisor, ports)
    this.#apps.set(id, app)
    this.#listen(app, isPrefixed)
    this.emit('app', app)
    return app
  }

  #listen(app: App, isPrefixed: boolean): void {
    const { id, supervisor } = app
    app.on('refused', (error) => this.#host.report.failed(id, error, app.runs))
    supervisor.on('state', (state) => void (state === 'starting' && this.#natives.began(id)))
    if (!isPrefixed) return
    for (const stream of ['stdout', 'stderr'] as const) {
      supervisor.on(stream, (line) => printLine([...this.#apps.keys()], id, stream, line))
    }
  }
}
