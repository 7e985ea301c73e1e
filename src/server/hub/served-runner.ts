/** One runner as the server sees it: what it may call, what it holds, and what is known of it. */
import type { HotPayload } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import type { Applied, RunnerConfig, RunnerInfo, ServerFunctions } from '../../shared/types.ts'
import type { IsCurrent } from '../apps/native-files.ts'
import { createFeed } from '../modules/feed.ts'
import type { Feed } from '../modules/feed-types.ts'
import type { Records } from '../modules/records.ts'
import type { ServerSession } from '../sessions/server-session.ts'
import { checkArguments } from './argument-checks.ts'

/** What a runner's calls lead to. */
export interface RunnerHost {
  /** Records of the current environment; waits while Vite restarts, rejects when the hub is closed. */
  records(): Promise<Records>
  /** Names the runner and says what it is to do. */
  admit(info: RunnerInfo, runner: ServedRunner): Promise<RunnerConfig>
  /** A custom event for the listeners of `environment.hot.on`. */
  receive(event: string, data: unknown, runner: ServedRunner): void
  /** After lost messages the runner has been told what differs from what it holds. */
  compared(runner: ServedRunner): void
  applied(report: Applied, runner: ServedRunner): void
  ready(runner: ServedRunner): void
  /** A standby holds the code of its entries. */
  waiting(runner: ServedRunner): void
  /** The standby has begun to execute its entries: from now on it is the app's runner. */
  begun(runner: ServedRunner): void
  /** It has asked for a module and its graph; what comes of that is the runner's to know. */
  fetching(answer: Promise<unknown>, runner: ServedRunner): void
  /** Node has loaded these files in the runner's process. */
  loaded(files: Iterable<[file: string, isCurrent: IsCurrent]>, runner: ServedRunner): void
}

/** A runner that has connected. */
export interface ServedRunner {
  /** Set by `init`, the first call. */
  id: string
  info: RunnerInfo | undefined
  /** It is a standby: takes part in changes, and in nothing else. */
  waits: boolean
  /** A debugger may attach to its process. */
  inspected: boolean
  /** What a standby occupies, in bytes. */
  memory: number | undefined
  lastUpdate: Applied | undefined
  readonly feed: Feed
  /** Vite's client of this runner: answers it alone. */
  readonly client: { send(payload: HotPayload): void }
  readonly functions: ServerFunctions
}

/** Makes the server side of one session. */
export function serveRunner(session: ServerSession, host: RunnerHost): ServedRunner {
  const feed = createFeed(`runner ${session.pid}`, host.records, {
    change: (change) => session.rpc.change(change),
    modules: (records) => session.rpc.modules(records),
    room: () => session.room(),
    get waits() {
      return runner.waits
    },
  })
  const runner: ServedRunner = {
    id: '',
    info: undefined,
    waits: false,
    inspected: false,
    memory: undefined,
    lastUpdate: undefined,
    feed,
    client: { send: (payload) => session.rpc.payload(payload) },
    functions: {
      async init(info) {
        checkArguments('init', info)
        // whoever has the attached runners' secret is one of them, and shows in `hub.runners`
        runner.info = session.kind === 'attached' ? { ...info, kind: 'attached' } : info
        return host.admit(runner.info, runner)
      },
      async fetch(url, importer, fresh) {
        checkArguments('fetch', url, importer, fresh)
        const began = Date.now()
        const answer = feed.fetch(url, importer, fresh, ({ file }) => {
          // updates do not reach a helper: all that it has is as if Node had loaded it
          if (runner.info?.kind === 'helper' && file) host.loaded([[file, (modified) => modified <= began]], runner)
        })
        host.fetching(answer, runner)
        return answer
      },
      async compare(held) {
        checkArguments('compare', held)
        const change = await feed.compare(held)
        // a comparison that another server was asked for comes again here, before the runner has said who it is
        if (runner.info) host.compared(runner)
        return change
      },
      hot(payload) {
        checkArguments('hot', payload)
        const { event, data } = payload
        // the names of Vite's own events are not for a runner to send, but for the one that Vite expects of it
        if (event.startsWith('vite:') && event !== 'vite:invalidate') {
          throw new TetherError(
            'ERR_PROTOCOL',
            `Expected a custom event, got '${event}': names that begin with 'vite:' are Vite's.`,
          )
        }
        host.receive(event, data, runner)
      },
      applied(report) {
        checkArguments('applied', report)
        // what became of a change of a session that was lost; this one begins with a comparison
        if (!runner.info) return
        feed.answered(report.seq)
        // nothing runs there that it could have affected
        if (runner.waits) return
        runner.lastUpdate = report
        host.applied(report, runner)
      },
      ready() {
        if (runner.info) host.ready(runner)
      },
      waiting(memory) {
        checkArguments('waiting', memory)
        if (!runner.waits) return
        runner.memory = memory
        host.waiting(runner)
      },
      begun() {
        if (!runner.waits) return
        runner.waits = false
        host.begun(runner)
      },
      inspected() {
        runner.inspected = true
      },
      loaded(files) {
        checkArguments('loaded', files)
        host.loaded(
          Object.entries(files).map(([file, read]) => [file, (modified) => modified === read]),
          runner,
        )
      },
    },
  }
  return runner
}
