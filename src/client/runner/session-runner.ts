/**
 * A runner that hangs on a session: what the server says goes into the HMR engine, what modules send goes to the server.
 * Supervised and attached runners are both this.
 */
import { EventEmitter } from 'node:events'
import { createDebug } from 'obug'
import type { HotPayload } from 'vite'
import { describeError } from '../../shared/describe-error.ts'
import { flattenError } from '../../shared/errors.ts'
import { createHmrEmitter, type HMREmitter } from '../../shared/hmr-emitter.ts'
import type { Applied, Change, ModuleRecord, RunnerConfig, RunnerInfo, ServerFunctions } from '../../shared/types.ts'
import { createDeferred } from '../../shared/util/deferred.ts'
import { isDebugging } from '../code/debug-code.ts'
import { onInspector } from '../debug/inspector.ts'
import { reportLoads } from '../evaluate/native-loads.ts'
import type { FetchNow } from '../evaluate/sync-supply.ts'
import { applyChange } from '../hmr/apply.ts'
import { notify } from '../hmr/callbacks.ts'
import { disposeAll } from '../hmr/dispose-all.ts'
import { configureEngine, getEngine, type UnacceptedPolicy } from '../hmr/engine.ts'
import { createHotContext } from '../hmr/hot-context.ts'
import { createLog, type Logger } from '../hmr/log.ts'
import { handleMessage } from '../hmr/payloads.ts'
import { createKeep } from '../keep/keep-api.ts'
import type { ClientSession, Resync } from '../link/open-session.ts'
import type { ModuleNamespace } from '../module-types.ts'
import type { TetherRunner, TetherRunnerEvents } from '../runner-types.ts'
import type { ViteNodeRunner } from '../vite-node-runner.ts'
import { TetherNodeRunner } from './node-runner.ts'
import { onExit } from './on-exit.ts'
import { createParticipants } from './participants.ts'
import { createVersionTeller } from './tell-versions.ts'

const debug = createDebug('vite-tether:runner')

/** Options of a runner, supervised or attached. */
export interface SessionRunnerOptions {
  kind: 'supervised' | 'attached'
  /** Shown by `hub.runners`. */
  name: string
  /** This machine's project root. */
  root: string
  /** See `ConnectOptions`. @default the server's setting, which is what supervised runners have */
  onUnaccepted?: UnacceptedPolicy
  logger?: Logger
  /** Milliseconds to keep trying once a connection is lost. @default 10 min, or for ever if supervised */
  patience?: number
  /** See `TetherRunnerOptions` of `node-runner.ts`. */
  fetchNow?: FetchNow
}

/** The hub reports the updates of a supervised runner; what its callbacks throw is for the app's own output. */
const QUIET: Logger = {
  info() {},
  debug() {},
  error: (message) => {
    if (!message.startsWith('[vite-tether] update failed')) console.error(message)
  },
}

const NOT_COMPARED =
  'Messages of the server were lost, and what this process runs could not be compared with the current sources: it may be out of date. Restart it.'

export function sayError({ logger = {} }: SessionRunnerOptions, text: string): void {
  createLog(logger).error(text)
}

/** Implements {@link TetherRunner}; `config`, `turn` and `server` are for the bootstrap of a supervised process. */
export class SessionRunner extends EventEmitter<TetherRunnerEvents> implements TetherRunner {
  readonly viteNode: TetherNodeRunner
  readonly emitter: HMREmitter = createHmrEmitter()
  config: RunnerConfig
  /** Set by who knows where the server is. */
  invitation!: () => { TETHER_URL: string; TETHER_TOKEN: string }
  readonly #options: SessionRunnerOptions
  readonly #info: RunnerInfo
  readonly #session: ClientSession
  /** The engine executes what is imported from outside again on a reload; it needs no list of files beside that. */
  readonly #files: string[] = []
  readonly #turn = createDeferred<void>()
  readonly #tellVersions: (config: RunnerConfig) => void
  /** Resolves when the comparison after a loss of messages is done. */
  #compared: Promise<void> = Promise.resolve()
  /** See `joined`. */
  readonly #joined = createDeferred<void>()
  #closing: Promise<void> | undefined
  #isDisposed = false

  constructor(options: SessionRunnerOptions, info: RunnerInfo, session: ClientSession, config: RunnerConfig) {
    super()
    this.#options = options
    this.#info = info
    this.#session = session
    this.config = config
    this.viteNode = new TetherNodeRunner({
      root: options.root,
      serverRoot: config.root,
      source: session.rpc,
      loadedNatively: reportLoads((files) => {
        if (session.state !== 'ended') session.rpc.loaded(files)
      }),
      env: config.env,
      ...(options.fetchNow && { fetchNow: options.fetchNow }),
      ...(config.hmr && {
        createHotContext: (runner: ViteNodeRunner, id: string) =>
          createHotContext(runner, this.emitter, this.#files, id),
      }),
      createKeep: (keeper) => createKeep(kept, keeper),
    })
    const { kept, participant } = createParticipants(this.viteNode, options.kind === 'supervised')
    configureEngine(this.viteNode, {
      participant,
      onUnaccepted: options.onUnaccepted ?? config.onUnaccepted,
      report: (report) => this.#applied(report),
      logger: options.kind === 'supervised' ? QUIET : (options.logger ?? {}),
    })
    this.emitter.on('custom', (json) => session.rpc.hot(JSON.parse(json)))
    session.on('disconnect', () => this.#disconnected())
    session.on('resume', () => this.#resumed())
    session.on('resync', (what) => {
      this.#compared = this.#resync(what)
    })
    // Of an attached process the server sees only that the link closes, and would keep the session until it can no longer be resumed.
    const stay = options.kind === 'attached' ? onExit(() => session.quit()) : () => {}
    session.on('end', (error) => {
      stay()
      this.emit('end', error)
    })
    // changes and payloads are events without an answer: what their functions throw is reported here or lost
    session.on('error', (error) => this.#failed(error))
    if (options.kind === 'supervised') onInspector(() => this.#inspected())
    this.payload({ type: 'connected' })
    this.#tellVersions = createVersionTeller(getEngine(this.viteNode).log)
    this.#tellVersions(config)
    if (session.state === 'connected') this.#joined.resolve()
    // a standby has no server, timer or call of its own yet: without this Node would end it
    if (config.waits) session.ref()
  }

  /** Resolves when a standby is to execute its entries. */
  get turn(): Promise<void> {
    return this.#turn.promise
  }

  /** Resolves when a server knows this runner, and what it runs. */
  get joined(): Promise<void> {
    return this.#joined.promise
  }

  get id(): string {
    return this.config.id
  }

  get state(): 'connected' | 'disconnected' | 'ended' {
    return this.#session.state
  }

  // biome-ignore lint/suspicious/noExplicitAny: a module exports anything
  async import<T = any>(id: string): Promise<T> {
    return (await this.viteNode.import(id)) as ModuleNamespace as T
  }

  /** Disposes all modules; from now on changes do nothing. Imports still work, for handlers of the app that need some. */
  dispose(): Promise<void> {
    this.#isDisposed = true
    return disposeAll(getEngine(this.viteNode))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  invite(): { TETHER_URL: string; TETHER_TOKEN: string } {
    return this.invitation()
  }

  /** Code that belongs to an answer yet to come. */
  take(records: readonly ModuleRecord[]): void {
    this.viteNode.take(records)
  }

  /** The server says what changed. */
  async change(change: Change): Promise<void> {
    debug('change %d: seeds %o, %d modules', change.seq, change.seeds, change.modules.length)
    // dispose() has run: instances evaluated now would never be disposed of
    if (this.#isDisposed) return
    await applyChange(this.viteNode, change)
  }

  /** The server passes on a payload. */
  async payload(payload: HotPayload): Promise<void> {
    this.emitter.emit('message', payload)
    await handleMessage(this.viteNode, this.emitter, this.#files, payload)
  }

  /** The server says that the standby's turn has come. */
  begin(): void {
    // Messages are lost, then `begin` arrives on the new link, then the comparison brings newer code: begin only after it.
    void this.#compared.then(() => {
      this.#session.unref()
      this.#turn.resolve()
    })
  }

  /** The functions of the server. */
  get server(): ServerFunctions {
    return this.#session.rpc
  }

  /** A person may hold this process at a breakpoint: the server is not to take that for an endless loop. */
  #inspected(): void {
    if (this.#session.state !== 'ended') this.#session.rpc.inspected()
  }

  #applied(report: Applied): void {
    // after the session has ended the server does not wait for reports
    if (this.#session.state !== 'ended') this.#session.rpc.applied(report, process.memoryUsage.rss())
    this.emit('applied', report)
  }

  /** Prints an error of an event, which has no caller. */
  #failed(error: unknown): void {
    sayError(this.#options, error instanceof Error ? describeError(flattenError(error)) : String(error))
  }

  #disconnected(): void {
    this.emit('disconnect')
    void notify(getEngine(this.viteNode), 'vite:ws:disconnect', {})
  }

  #resumed(): void {
    this.emit('resume')
    void notify(getEngine(this.viteNode), 'vite:ws:connect', {})
  }

  /** Messages were lost: current sources are compared with what this runner holds, and the difference is a change like any other. */
  async #resync({ fresh, rebooted }: Resync): Promise<void> {
    try {
      if (fresh) this.config = await this.#session.rpc.init(this.#info)
      this.#tellVersions(this.config)
      if (fresh && isDebugging()) this.#inspected()
      await this.change(await this.#session.rpc.compare(this.viteNode.holdings(rebooted)))
      if (!this.config.waits) this.begin()
      this.emit('resync')
      this.#joined.resolve()
      await notify(getEngine(this.viteNode), 'vite:ws:connect', {})
    } catch (error) {
      const lost = new Error(NOT_COMPARED, { cause: error })
      // a standby that may hold old code must not begin: its process exits, and the supervisor starts a fresh one
      this.#turn.reject(lost)
      // A lost link does not come here: its calls are issued again. Only an answer with an error does.
      if (this.#session.state !== 'ended') this.#failed(lost)
    }
  }

  async #close(): Promise<void> {
    await this.dispose()
    await this.#session.close()
    this.viteNode.close()
  }
}
