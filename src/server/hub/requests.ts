/** The functions of the hub's handle: check their arguments, reject once the hub is closed, and always settle. */
import { reviveError, TetherError } from '../../shared/errors.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import type { App } from '../apps/app.ts'
import type { Apps } from '../apps/apps.ts'
import type { StartOptions } from '../hub-types.ts'
import { checkId, checkStart } from '../options.ts'
import type { Bindings } from './bindings.ts'

/** Milliseconds without `server.listen()` until a hint is printed, and until the call rejects. */
const HINT = 2_000
const PATIENCE = 60_000

/** Implements the functions of `TetherHub`. */
export class Requests {
  readonly #apps: Apps
  readonly #bindings: Bindings
  readonly #ready: Promise<void>
  readonly #clock: Clock
  #isClosed = false

  /** `ready` resolves when runners can connect; it rejects when the hub is closed before. */
  constructor(apps: Apps, bindings: Bindings, ready: Promise<void>, clock: Clock = systemClock) {
    this.#apps = apps
    this.#bindings = bindings
    this.#ready = ready
    this.#clock = clock
  }

  /** Rejects all later calls. Returns the error. */
  close(): TetherError {
    this.#isClosed = true
    return closed()
  }

  async start(entry: string, options: StartOptions): Promise<string> {
    this.#assertOpen()
    checkStart(entry, options)
    await this.listening(`hub.start('${entry}')`)
    return this.#apps.start(entry, options)
  }

  async restart(id: string | undefined): Promise<void> {
    this.#assertOpen()
    const apps = id === undefined ? this.#apps.list() : [this.#get(id, 'hub.restart()')]
    await Promise.all(apps.map((app) => this.#restart(app)))
  }

  async stop(id: string): Promise<void> {
    this.#assertOpen()
    await this.#get(id, 'hub.stop()').stop()
  }

  async remove(id: string): Promise<void> {
    this.#assertOpen()
    const app = this.#get(id, 'hub.remove()')
    const { state } = app.supervisor
    if (state !== 'stopped') {
      throw new TetherError(
        'ERR_CONFIG',
        `Expected the runner of hub.remove('${id}') to be stopped, but it is ${state}. Stop it first: await hub.stop('${id}').`,
      )
    }
    this.#apps.remove(app)
  }

  /** Rejects with `ERR_START` if Vite does not listen in time: a program that has forgotten to let it would wait for ever. */
  async listening(what: string): Promise<void> {
    const late = createDeferred<never>()
    const hint = `${what} waits until Vite listens: call server.listen() first, or use server.middlewareMode.`
    const after = (ms: number, act: () => void) => this.#clock.after(ms, () => this.#bindings.hasListened || act())
    const cancel = [
      after(HINT, () => this.#bindings.logger?.warn(`[vite-tether] ${hint}`)),
      after(PATIENCE, () => late.reject(new TetherError('ERR_START', hint))),
    ]
    try {
      await Promise.race([this.#ready, late.promise])
    } finally {
      for (const each of cancel) each()
    }
    this.#assertOpen()
  }

  async #restart(app: App): Promise<void> {
    const failure = await app.replace({ kind: 'request' })
    this.#assertOpen()
    if (!failure) return
    const cause = reviveError(failure)
    if (failure.code === 'ERR_CLOSED') throw new TetherError('ERR_CLOSED', failure.message, { cause })
    throw new TetherError(
      'ERR_START',
      `${app.id} was not restarted, as its new code cannot start: ${failure.message.trimEnd().split('\n', 1)[0]} The process goes on with the code from before.`,
      { cause },
    )
  }

  #get(id: string, where: string): App {
    checkId(id, where)
    return this.#apps.get(id)
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closed()
  }
}

function closed(): TetherError {
  return new TetherError('ERR_CLOSED', 'The Vite server was closed.')
}
