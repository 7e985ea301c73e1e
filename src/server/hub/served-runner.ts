/** The server's side of one runner: the functions it may call, its feed, and its data. */
import { EventEmitter } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { HotPayload } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import type { Applied, RunnerConfig, RunnerInfo, ServerFunctions, Serving } from '../../shared/types.ts'
import { isFilePath, withoutQuery } from '../../shared/util/file-path.ts'
import { isGone } from '../../shared/util/file-stats.ts'
import type { NativeFile } from '../apps/native-files.ts'
import type { UpdateTimes } from '../hub-types.ts'
import { createFeed } from '../modules/feed.ts'
import type { Feed, IsProven } from '../modules/feed-types.ts'
import type { Records } from '../modules/records.ts'
import type { ServerSession } from '../sessions/server-session.ts'
import { checkArguments } from './argument-checks.ts'
import { ChangeTimes } from './change-times.ts'

/** The functions of the hub that a runner needs. */
export interface RunnerHost {
  /** Records of the current environment; waits while Vite restarts, rejects when the hub is closed. */
  records(): Promise<Records>
  /** Gives the runner its id and its settings. */
  admit(info: RunnerInfo, runner: ServedRunner): Promise<RunnerConfig>
  /** Resolves when Vite has dropped the code from before the saves. */
  handled(): Promise<void>
  /** Asked of the code that a process has begun with. */
  proven(): IsProven
  /** Resolves when the code of all runners has been compared with Vite's. */
  compared(): Promise<unknown>
}

/** Events of a runner, with their arguments. */
export interface ServedRunnerEvents {
  /** A custom event for the listeners of `environment.hot.on`. */
  hot: [event: string, data: unknown]
  /** Messages were lost, and the runner has been sent the code that differs from its own. */
  compared: []
  applied: [report: Applied, times: UpdateTimes | undefined]
  /** It has executed its entries. */
  ready: []
  /** Its process still runs a moment later. */
  settled: []
  /** A standby holds the code of its entries. */
  waiting: []
  /** The standby has begun to execute its entries: from now on it is the app's runner. */
  begun: []
  /** It answers requests elsewhere or otherwise than before. */
  serving: []
  /** It has asked for a module and its graph; a rejection of `answer` is the runner's to handle. */
  fetching: [answer: Promise<unknown>]
  /** It was not told of a save, or of newer code, for this error of ours. */
  failed: [error: unknown]
  /** Node has loaded these files in its process, or has not found them. */
  loaded: [files: NativeFile[]]
}

/** A runner that has connected. */
export class ServedRunner extends EventEmitter<ServedRunnerEvents> {
  /** Set by `init`, the first call. */
  id = ''
  info: RunnerInfo | undefined
  /** It is a standby: takes part in changes, and in nothing else. */
  waits = false
  /** A debugger may attach to its process. */
  inspected = false
  /** The size of its process, in bytes, when it last told. */
  memory: number | undefined
  lastUpdate: Applied | undefined
  /** The way in which its app answers requests; absent while it does not. */
  serving: Serving | undefined
  /** When it began to execute modules, in ms since the epoch. */
  connectedAt: number | undefined
  readonly #times = new ChangeTimes()
  readonly #host: RunnerHost
  readonly feed: Feed
  /** Vite's client of this runner: answers it alone. */
  readonly client: { send(payload: HotPayload): void }
  /** The functions that the runner may call. */
  readonly functions: ServerFunctions

  constructor(session: ServerSession, host: RunnerHost) {
    super()
    this.#host = host
    this.client = { send: (payload) => session.rpc.payload(payload) }
    const isWaiting = () => this.waits
    this.feed = createFeed(`runner ${session.pid}`, host.records, {
      change: (change, since) => {
        if (since !== undefined) this.#times.sent(change.seq, since)
        session.rpc.change(change)
      },
      failed: (error) => this.emit('failed', error),
      modules: (records) => session.rpc.modules(records),
      room: () => session.room(),
      get waits() {
        return isWaiting()
      },
    })
    this.functions = {
      init: async (info) => {
        checkArguments('init', info)
        // a runner with the attached runners' secret cannot claim another kind: it would be hidden from `hub.runners`
        this.info = session.kind === 'attached' ? { ...info, kind: 'attached' } : info
        return host.admit(this.info, this)
      },
      fetch: (url, importer, fresh) => this.#fetch(url, importer, fresh),
      compare: async (held) => {
        checkArguments('compare', held)
        const change = await this.feed.compare(held, host.proven())
        // a comparison that another server was asked for comes again here, before the runner has said who it is
        if (this.info) this.emit('compared')
        return change
      },
      hot: (payload) => this.#hot(payload),
      applied: (report, memory) => this.#applied(report, memory),
      ready: (memory) => {
        checkArguments('ready', memory)
        if (memory !== undefined) this.memory = memory
        if (this.info) this.emit('ready')
      },
      settled: () => {
        if (this.info) this.emit('settled')
      },
      waiting: (memory) => {
        checkArguments('waiting', memory)
        if (!this.waits) return
        this.memory = memory
        this.emit('waiting')
      },
      begun: () => {
        if (!this.waits) return
        this.waits = false
        this.emit('begun')
      },
      serving: (serving) => {
        checkArguments('serving', serving)
        this.serves(serving)
      },
      inspected: () => {
        this.inspected = true
      },
      loaded: (files) => {
        checkArguments('loaded', files)
        const loaded = Object.entries(files).map(([file, read]) => {
          return { file, isMissing: read === 0, isCurrent: (modified: number) => modified === read }
        })
        this.emit('loaded', loaded)
      },
    }
  }

  /** The app answers requests in this way from now on; `undefined`: not at all. */
  serves(serving: Serving | undefined): void {
    if (isDeepStrictEqual(serving, this.serving)) return
    this.serving = serving
    this.emit('serving')
  }

  async #fetch(...[url, importer, fresh]: Parameters<ServerFunctions['fetch']>) {
    checkArguments('fetch', url, importer, fresh)
    // a standby has time: its graph is the whole app, and whoever saves would wait behind that
    if (this.waits) await this.#host.compared()
    // A file is saved, then a helper asks for it, then Vite drops its code: nobody would tell the helper, which updates do not reach
    if (this.info?.kind === 'helper') await this.#host.handled()
    const began = Date.now()
    const answer = this.feed.fetch(url, importer, fresh, (id) => {
      // updates do not reach a helper: each file that it has, or goes on without, is as if Node had been asked for it
      if (this.info?.kind !== 'helper' || !isFilePath(id)) return
      const file = withoutQuery(id)
      this.emit('loaded', [{ file, isMissing: isGone(file), isCurrent: (modified) => modified <= began }])
    })
    this.emit('fetching', answer)
    return answer
  }

  #hot(payload: Parameters<ServerFunctions['hot']>[0]): void {
    checkArguments('hot', payload)
    const { event, data } = payload
    // the names of Vite's own events are not for a runner to send, but for the one that Vite expects of it
    if (event.startsWith('vite:') && event !== 'vite:invalidate') {
      throw new TetherError(
        'ERR_PROTOCOL',
        `Expected a custom event, got '${event}': names that begin with 'vite:' are Vite's.`,
      )
    }
    this.emit('hot', event, data)
  }

  #applied(report: Applied, memory: number | undefined): void {
    checkArguments('applied', report, memory)
    // what became of a change of a session that was lost; this one begins with a comparison
    if (!this.info) return
    this.feed.answered(report.seq)
    const times = this.#times.answered(report.seq)
    // nothing runs in a standby that the change could have affected
    if (this.waits) return
    this.lastUpdate = report
    if (memory !== undefined) this.memory = memory
    this.emit('applied', report, times)
  }
}
