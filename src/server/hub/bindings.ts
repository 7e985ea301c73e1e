/** The environments of a hub, one for each in-process restart of Vite. Knows which one serves; callers wait for the next. */
import type { DevEnvironment, Logger, ViteDevServer } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import { createDeferred, type Deferred } from '../../shared/util/deferred.ts'
import { type AllRecords, createRecords, type Versions } from '../modules/records.ts'
import type { CliSettings, TetherOptions } from '../options.ts'

/** An environment and the server it belongs to. */
export interface Binding {
  environment: DevEnvironment
  server: ViteDevServer
  options: TetherOptions & Partial<CliSettings>
  records: AllRecords
}

/** All bindings of one hub. */
export class Bindings {
  readonly #versions: Versions = { last: 0, latest: new Map() }
  readonly #configured = new WeakMap<DevEnvironment, Binding>()
  /** The binding that was configured last. */
  #newest: Binding | undefined
  #current: Binding | undefined
  /** Resolved while Vite serves, pending while it restarts, rejected once the hub is closed. */
  #serving: Deferred<Binding> = createDeferred()

  /** A server was made with `environment`; it does not serve yet. */
  configure(environment: DevEnvironment, server: ViteDevServer, options: Binding['options']): void {
    const records = createRecords(environment, this.#versions)
    this.#newest = { environment, server, options, records }
    this.#configured.set(environment, this.#newest)
  }

  /** `environment` serves from now on. `undefined` if it was never configured. */
  resume(environment: DevEnvironment): { binding: Binding; isFirst: boolean } | undefined {
    const binding = this.#configured.get(environment)
    if (!binding) return undefined
    const isFirst = this.#current === undefined
    this.#current = binding
    this.#serving.resolve(binding)
    return { binding, isFirst }
  }

  /** `environment` does not serve any more; another is going to. */
  suspend(environment: DevEnvironment): void {
    if (this.#current?.environment === environment) this.#serving = createDeferred()
  }

  /** Rejects those that wait, because the hub is closed. */
  close(error: Error): void {
    this.#serving.reject(error)
  }

  /** `true` if Vite listens, or did once. */
  get hasListened(): boolean {
    return this.#current !== undefined
  }

  /** The logger of the newest server, which may not listen yet. */
  get logger(): Logger | undefined {
    return this.#newest?.server.config.logger
  }

  /** The binding of `environment`, which was configured. */
  of(environment: DevEnvironment): Binding {
    return this.#configured.get(environment)!
  }

  /** The binding that serves or served last. Throws `ERR_CLOSED` if there is none. */
  get current(): Binding {
    if (this.#current) return this.#current
    throw new TetherError('ERR_CLOSED', 'The Vite server does not listen yet: await hub.ready first.')
  }

  /** The options of the newest server, which may not listen yet. */
  get newestOptions(): Binding['options'] | undefined {
    return this.#newest?.options
  }

  /** The records of the binding that serves; waits for the next one during a restart. */
  get records(): Promise<AllRecords> {
    return this.serving.then(({ records }) => records)
  }

  /** The binding that serves; waits for the next one during a restart. Rejects when the hub is closed. */
  get serving(): Promise<Binding> {
    return this.#serving.promise
  }
}
