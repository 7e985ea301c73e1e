/** The supervised apps of one hub: by id, by process, and those whose entry has no file yet. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ViteDevServer } from 'vite'
import { type FlatError, flattenError, TetherError } from '../../shared/errors.ts'
import type { Handover } from '../../shared/handover.ts'
import type { StartOptions } from '../hub-types.ts'
import type { CliSettings, TetherOptions } from '../options.ts'
import type { SupervisorExit } from '../process/supervisor.ts'
import { colorEnv, printLine } from '../terminal/prefixed-output.ts'
import type { Report } from '../terminal/report.ts'
import { App } from './app.ts'
import { bridgeFlag, MAIN_PATH } from './bootstrap-files.ts'
import { resolveEntry, toUrl } from './entries.ts'
import {
  choosePort,
  type InspectorRequest,
  inspectorFlags,
  takeInspector,
  takeInspectorOption,
} from './inspector-flags.ts'
import { type IsCurrent, Natives } from './native-files.ts'
import { runnerConfig } from './runner-config.ts'
import { envFiles, hasRoom, mayWait } from './standby-rules.ts'

/**
 * The environment before Vite sets NODE_ENV in it, where this file was loaded early enough (the command line does). The token
 * in it, if there is one, is for attached runners.
 */
const { TETHER_TOKEN: _notTheirs, ...inherited } = process.env

/** What the apps need of their hub. */
export interface AppsHost {
  readonly report: Report
  /** Vite's server and the plugin's options, as they are now. */
  settings(): { server: ViteDevServer; options: TetherOptions & Partial<CliSettings> }
  /** Where an app process finds the server. */
  handover(): Pick<Handover, 'url' | 'secret' | 'root' | 'cacheDir'>
  /** Path of the file in which what an app process starts finds it. */
  invitation(): string
  /** The first reason why a process with this entry could not start; `others` are further URLs that it loads, `pid` is the one that runs. */
  check(url: string, others: readonly string[], pid?: number): Promise<FlatError | undefined>
  restarting(app: App, reason: string): void
  exit(app: App, exit: SupervisorExit): void
  /** A process that has waited is the app's from now on. */
  takeover(pid: number): void
  /** A process that has waited has ended, unused. */
  unused(pid: number): void
  line(app: App, stream: 'stdout' | 'stderr', line: string): void
}

/** All supervised apps. */
export class Apps {
  readonly #host: AppsHost
  readonly #apps = new Map<string, App>()
  readonly #natives = new Natives()
  /** Entries of the options that have no file yet. */
  readonly #missing = new Set<string>()
  /** A process was asked to look at `.env`: one hint is enough. */
  #hasHinted = false
  /** Entries of the options whose app is being made. */
  readonly #beginning = new Set<string>()
  /** Entries whose app was removed. */
  readonly #removed = new Set<string>()
  readonly #inspectorPorts = new Set<number>()
  #isClosed = false

  constructor(host: AppsHost) {
    this.#host = host
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

  /** Starts one more app. Rejects with `ERR_ENTRY`, `ERR_START` or `ERR_CLOSED`. */
  async start(entry: string, options: StartOptions = {}): Promise<string> {
    const inspector = await this.#inspector(options)
    if (this.#isClosed) throw new TetherError('ERR_CLOSED', `The Vite server was closed before ${entry} was started.`)
    const app = this.#create(entry, options, inspector)
    // Vite transforms while the process boots, which is going to ask for the same
    void this.#host.check(app.url, [])
    await app.supervisor.start()
    return app.id
  }

  /** Starts an app for each entry that has none. One without a file is named in the terminal and waits for it. */
  ensure(entries: readonly string[]): void {
    for (const entry of entries) {
      if (this.#beginning.has(entry) || this.#removed.has(entry)) continue
      if (this.list().some((app) => app.entry === entry)) continue
      this.#beginning.add(entry)
      this.start(entry)
        .then(
          () => this.#missing.delete(entry),
          (error: TetherError) => {
            if (!this.#missing.has(entry) && error.code !== 'ERR_CLOSED')
              this.#host.report.failed(undefined, flattenError(error), false)
            if (error.code === 'ERR_ENTRY') this.#missing.add(entry)
          },
        )
        .finally(() => this.#beginning.delete(entry))
    }
  }

  /** Takes a stopped app off the list. An entry of the options is not started again when Vite restarts. */
  remove(app: App): void {
    this.#apps.delete(app.id)
    this.#removed.add(app.entry)
  }

  /** Replaces the process of an app that was not stopped; what goes wrong is reported. */
  replace(app: App, reason: string): void {
    if (app.supervisor.state === 'stopped') return
    this.#report(app, app.replace(reason))
  }

  #report(app: App, restart: Promise<unknown>): void {
    restart.catch((error) => this.#host.report.failed(app.id, flattenError(error), false))
  }

  /** Node has loaded these files in the process of an app, or in one that it has started. */
  async loaded(id: string, files: Iterable<[file: string, isCurrent: IsCurrent]>): Promise<void> {
    for (const file of await this.#natives.add(id, files, this.#host.settings().server)) this.saved(file, true)
  }

  /** A file was saved. `isModule`: it is one, or may be one that was missing. */
  saved(file: string, isModule: boolean): void {
    for (const app of this.list()) app.fileSaved(file, isModule)
    this.ensureMissing()
    for (const id of this.#natives.saved(file)) {
      this.replace(this.get(id), `${this.#short(file)} changed (loaded natively)`)
    }
  }

  /** A file changed that is no module but restarts the apps. */
  fileChanged(file: string): void {
    for (const app of this.list()) {
      if (app.supervisor.state !== 'stopped') this.#report(app, app.fileChanged(`${this.#short(file)} changed`))
    }
  }

  /** Whether lines of the terminal have to name the app that they are about. */
  get isOneOfMany(): boolean {
    return this.#apps.size > 1 || [this.#host.settings().options.entry ?? []].flat().length > 1
  }

  get #root(): string {
    return this.#host.settings().server.config.root
  }

  #short(file: string): string {
    return file.replace(`${this.#root}/`, '')
  }

  #hintsEnv(): boolean {
    const { server, options } = this.#host.settings()
    if (this.#hasHinted || options.once || !existsSync(join(server.config.root, '.env'))) return false
    this.#hasHinted = true
    return true
  }

  /** Tries the entries that had no file. */
  ensureMissing(): void {
    this.ensure([...this.#missing])
  }

  /** Stops all apps, and starts none any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.list().map((app) => app.stop()))
  }

  #env({ env }: StartOptions): NodeJS.ProcessEnv {
    return { ...inherited, ...this.#host.settings().options.env, ...env }
  }

  /** The inspector that an app is to have: on a port of its own, which it keeps over restarts. */
  async #inspector(options: StartOptions): Promise<InspectorRequest | undefined> {
    const { execArgv = [] } = this.#host.settings().options
    const request = takeInspector(execArgv).request ?? takeInspectorOption(this.#env(options).NODE_OPTIONS).request
    return request && { ...request, port: await choosePort(request, this.#inspectorPorts) }
  }

  #create(entry: string, start: StartOptions, inspector: InspectorRequest | undefined): App {
    const host = this.#host
    const { options } = host.settings()
    const { rest: flags } = takeInspector(options.execArgv ?? [])
    const root = this.#root
    const file = resolveEntry(entry, root)
    const name = basename(file)
    let id = name
    for (let n = 2; this.#apps.has(id); n++) id = `${name}-${n}`
    const cwd = options.cwd ?? process.cwd()
    const url = toUrl(file, root)
    const isPrefixed = options.stdio === undefined && this.isOneOfMany
    const supervise = {
      id,
      main: MAIN_PATH,
      entry: file,
      args: start.args ?? options.args ?? [],
      // first: what the app preloads may be TypeScript
      execArgv: [bridgeFlag(host.invitation(), id), ...(inspector ? inspectorFlags(inspector, flags) : []), ...flags],
      env: () => {
        const own = this.#env(start)
        const env = isPrefixed ? { ...colorEnv(own), ...own } : own
        // what the app starts would inherit it and want the same port
        return inspector ? { ...env, NODE_OPTIONS: takeInspectorOption(env.NODE_OPTIONS).rest } : env
      },
      cwd,
      stdio: options.stdio ?? (isPrefixed ? 'pipe' : 'inherit'),
      // on a terminal the shortcuts, ours or Vite's, are the only reader
      stdin: options.stdin ?? (process.stdin.isTTY ? ('silent' as const) : ('inherit' as const)),
      ...(options.once && { once: true }),
      handover: () => ({ ...host.handover(), hintsEnv: this.#hintsEnv(), pause: inspector?.pause }),
      ...(options.stop && { stop: options.stop }),
      ...(options.standby !== false &&
        !options.once &&
        !inspector &&
        mayWait(flags, this.#env(start)) && {
          standby: {
            hasRoom,
            inputs: () =>
              JSON.stringify([host.handover(), runnerConfig(host.settings(), id, url), envFiles(flags, cwd)]),
          },
        }),
    }
    const app: App = new App(entry, url, supervise, {
      check: () => {
        const natives = Array.from(this.#natives.changed(id), (file) => toUrl(file, this.#root))
        return host.check(app.url, natives, app.supervisor.pid)
      },
      restarting: (reason) => host.restarting(app, reason),
      refused: (error) => host.report.failed(id, error, true),
      delay: () => host.settings().options.delay ?? 0,
    })
    app.supervisor.on('exit', (exit) => {
      this.#natives.forget(id)
      host.exit(app, exit)
    })
    app.supervisor.on('takeover', (pid) => host.takeover(pid))
    app.supervisor.on('unused', (pid) => host.unused(pid))
    for (const stream of ['stdout', 'stderr'] as const) {
      app.supervisor.on(stream, (line) => {
        if (isPrefixed) printLine([...this.#apps.keys()], id, stream, line)
        host.line(app, stream, line)
      })
    }
    this.#apps.set(id, app)
    return app
  }
}
