/** The supervised apps of one hub: by id, by process, and those whose entry has no file yet. */
import { basename } from 'node:path'
import { type FlatError, flattenError, TetherError } from '../shared/errors.ts'
import { App } from './app.ts'
import { resolveEntry, toUrl } from './entries.ts'
import type { StartOptions } from './hub-types.ts'
import { MAIN_PATH } from './main-path.ts'
import type { CliSettings, TetherOptions } from './options.ts'
import type { Report } from './report.ts'
import type { SupervisorExit } from './supervisor.ts'

/** The environment before Vite sets NODE_ENV in it, where this file was loaded early enough (the command line does). */
const inherited = { ...process.env }

/** What the apps need of their hub. */
export interface AppsHost {
  readonly report: Report
  /** Vite's root and the plugin's options, as they are now. */
  settings(): { root: string; options: TetherOptions & Partial<CliSettings> }
  /** Where an app process finds the server. */
  handover(): { url: string; secret: string; root: string }
  /** The first reason why a process of this app could not start. */
  check(app: App): Promise<FlatError | undefined>
  restarting(app: App, reason: string): void
  exit(app: App, exit: SupervisorExit): void
  line(app: App, stream: 'stdout' | 'stderr', line: string): void
}

/** All supervised apps. */
export class Apps {
  readonly #host: AppsHost
  readonly #apps = new Map<string, App>()
  /** Entries of the options that have no file yet. */
  readonly #missing = new Set<string>()

  constructor(host: AppsHost) {
    this.#host = host
  }

  list(): App[] {
    return [...this.#apps.values()]
  }

  /** The app whose process this is. */
  withPid(pid: number): App | undefined {
    return this.list().find(({ supervisor }) => supervisor.pid === pid)
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

  /** Starts one more app. Rejects with `ERR_ENTRY` or `ERR_START`. */
  async start(entry: string, options: StartOptions = {}): Promise<string> {
    const app = this.#create(entry, options)
    await app.supervisor.start()
    return app.id
  }

  /** Starts an app for each entry that has none. One without a file is named in the terminal and waits for it. */
  ensure(entries: readonly string[]): void {
    for (const entry of entries) {
      if (this.list().some((app) => app.entry === entry)) continue
      this.start(entry).then(
        () => this.#missing.delete(entry),
        (error: TetherError) => {
          if (!this.#missing.has(entry)) this.#host.report.failed(flattenError(error), false)
          if (error.code === 'ERR_ENTRY') this.#missing.add(entry)
        },
      )
    }
  }

  /** Replaces an app's process; what goes wrong is reported. */
  replace(app: App, reason: string): void {
    app.replace(reason).catch((error) => this.#host.report.failed(flattenError(error), false))
  }

  /** Some file was saved. */
  saved(): void {
    for (const app of this.list()) app.saved()
    this.ensureMissing()
  }

  /** Tries the entries that had no file. */
  ensureMissing(): void {
    this.ensure([...this.#missing])
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.list().map((app) => app.supervisor.stop()))
  }

  #create(entry: string, { args, env }: StartOptions): App {
    const host = this.#host
    const { root, options } = host.settings()
    const file = resolveEntry(entry, root)
    const name = basename(file)
    let id = name
    for (let n = 2; this.#apps.has(id); n++) id = `${name}-${n}`
    const supervise = {
      id,
      main: MAIN_PATH,
      entry: file,
      args: args ?? options.args ?? [],
      execArgv: options.execArgv ?? [],
      env: () => ({ ...inherited, ...host.settings().options.env, ...env }),
      cwd: options.cwd ?? process.cwd(),
      stdio: options.stdio ?? 'inherit',
      // on a terminal the shortcuts, ours or Vite's, are the only reader
      stdin: options.stdin ?? (process.stdin.isTTY ? ('silent' as const) : ('inherit' as const)),
      ...(options.once && { once: true }),
      handover: () => host.handover(),
      ...(options.stop && { stop: options.stop }),
    }
    const app: App = new App(entry, toUrl(file, root), supervise, {
      check: () => host.check(app),
      restarting: (reason) => host.restarting(app, reason),
      refused: (error) => host.report.failed(error, true),
    })
    app.supervisor.on('exit', (exit) => host.exit(app, exit))
    app.supervisor.on('stdout', (line) => host.line(app, 'stdout', line))
    app.supervisor.on('stderr', (line) => host.line(app, 'stderr', line))
    this.#apps.set(id, app)
    return app
  }
}
