/** Decides when what a start has made is written down for the next one: when the app has started, and when updates have settled. */
import type { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../apps/app.ts'
import type { Apps } from '../apps/apps.ts'
import { runnerConfig } from '../apps/runner-config.ts'
import { serveConfig } from '../apps/serve-config.ts'
import type { HubEvents } from '../hub-types.ts'
import type { IsProven } from '../modules/feed-types.ts'
import { BegunWith } from '../start/begun-with.ts'
import type { StartKeeper } from '../start/keeper.ts'
import type { Bindings } from './bindings.ts'

/** Milliseconds without another event: the server is busy until then. */
const CALM = 100

/** A hub's part in keeping a start. */
export class Keeping {
  readonly #apps: Apps
  readonly #bindings: Bindings
  readonly #compared: () => Promise<unknown>
  #keeper: StartKeeper | undefined
  #timer: NodeJS.Timeout | undefined
  /** The process has begun with what is kept. */
  #isKept = false
  #begun: BegunWith | undefined

  /** `compared`: resolves when runners hold nothing that was not compared. */
  constructor(events: EventEmitter<HubEvents>, apps: Apps, bindings: Bindings, compared: () => Promise<unknown>) {
    this.#compared = compared
    this.#apps = apps
    this.#bindings = bindings
    events.on('runner:ready', () => this.#plan())
    events.on('update:applied', ({ lastUpdate }) => {
      if (lastUpdate?.outcome !== 'unaffected') this.#isKept = false
      this.#plan()
    })
    events.on('restart', () => {
      this.#isKept = false
    })
    // a script that ends itself is never ready
    events.on('exit', (_runner, code) => {
      if (code === 0) this.#plan()
      this.#isKept = false
    })
    events.on('runner:connect', ({ kind }) => {
      if (kind === 'supervised' && this.#isKept) this.#compare()
    })
  }

  /** The command's server has a keeper. A config that makes Vite restart is none that is kept. */
  use(keeper: StartKeeper): void {
    this.#keeper = keeper
    this.#isKept = this.#bindings.newestOptions?.early?.hasBegun === true
  }

  /** Asked of the code with which the process has begun: `true` if it is proven to be made of the sources that are there now. */
  proven(): IsProven {
    const { server } = this.#bindings.current
    // otherwise saves restart the app, and of a file that Vite does not know as a module nobody would know that
    if (!this.#isKept || server.config.server.hmr === false) return () => false
    const hashes = this.#begunWith.provenCode()
    return (id, hash) => hashes.get(id) === hash
  }

  /** Read once, when the process has its server. */
  get #begunWith(): BegunWith {
    const { keep, early } = this.#bindings.current.options
    this.#begun ??= new BegunWith(keep!, early?.proven)
    return this.#begun
  }

  /** Writes what is due. */
  close(): void {
    if (this.#timer) this.#write()
  }

  /** The process begins without a server, then a file is saved, then the watcher begins: no event tells of that file. */
  #compare(): void {
    const [app] = this.#apps.list()
    const { current } = this.#bindings
    if (!app || !this.#begunWith.isOutdated({ config: runnerConfig(current, app.id, app.url) })) return
    this.#isKept = false
    this.#apps.replace(app, { kind: 'inputs' })
  }

  #plan(): void {
    if (!this.#keeper || this.#isKept) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#refresh(), CALM).unref()
  }

  async #refresh(): Promise<void> {
    const timer = this.#timer
    const [app] = this.#apps.list()
    // what fails is not kept
    await this.#compared()
    if (app) await this.#bindings.current.records.refresh(app.url).catch(() => {})
    // unless a save has come, or the end
    if (this.#timer === timer) this.#write()
  }

  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const [app, other] = this.#apps.list()
    if (app && !other) this.#keep(app)
  }

  #keep({ id, url, supervisor }: App): void {
    const { server, options, records } = this.#bindings.current
    // the config wants another process than the command can start before Vite has read it
    if (!options.early?.isTaken) return
    const entry = records.idOf(url)
    if (entry === undefined) return
    const { root, cacheDir } = server.config
    const hintsEnv = !options.once && existsSync(join(root, '.env'))
    this.#keeper!.write(entry, records.current, {
      config: runnerConfig({ server, options }, id, url),
      handover: {
        ...{ root, cacheDir, stop: supervisor.stopBy, serve: serveConfig(options, '', id) },
        ...(hintsEnv && { hintsEnv }),
      },
    })
  }
}
