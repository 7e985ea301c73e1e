/**
 * The words between server and runner, above the session: changes, records, reports, and the functions of both sides.
 */
import type { CustomPayload, HotPayload } from 'vite'
import type { FlatError } from './errors.ts'
import type { InstalledVersions } from './versions.ts'

/** A module id as Vite's server resolves it: an absolute file path with its query, or `\0virtual:name`. */
export type ModuleId = string

/** One module's transformed code. */
export interface ModuleRecord {
  id: ModuleId
  /** URL as Vite's module graph writes it. Log lines and payloads name modules by it. */
  url: string
  /** Absolute path on the server without query, or `null` for a virtual module. */
  file: string | null
  /** Numbers the transforms of one server process. A runner installs only a greater one. */
  version: number
  /** Hash of `code` without the source map. Records of equal hash are taken for equal. */
  hash: string
  /** SSR-transformed code, without an inline source map. */
  code: string
  /** The code is that of a CommonJS module, for Node to run. */
  format?: 'commonjs'
  /** The code was written to be compiled to CommonJS: its imports of CommonJS modules give what a compiler's `require()` gives. */
  interop?: 'compiled'
  /** Source map as JSON text, packed (see `packed-map.ts`). It is read when a stack is. */
  map: string | null
  /** Static imports: specifier in `code` -> module id. A specifier that is not listed is an external, loaded by Node. */
  deps: Record<string, ModuleId>
  /** Dynamic imports with a literal specifier: specifier -> module id. Edges of the graph, whose code is not sent ahead. */
  dynamicDeps: Record<string, ModuleId>
}

/** A module that could not be transformed. */
export interface FailedModule {
  id: ModuleId
  url: string
  error: FlatError
}

/** A save on the wire: the modules that changed, and the code that the runner lacks. */
export interface Change {
  /** Number of the change in its session; `Applied.seq` repeats it. */
  seq: number
  /** Modules that Vite was asked to update, and those in `stale`; after a loss of messages only those in `failed` and `stale`. */
  seeds: ModuleId[]
  /** Code of modules of which the runner holds another version, and of modules that it needs now and does not hold. */
  modules: ModuleRecord[]
  /** Seeds that could not be transformed, and modules that seeds newly need and that could not. */
  failed: FailedModule[]
  /** Modules whose newer code did not fit into one message: the runner forgets its own and asks when it needs them. */
  stale?: ModuleId[]
  /** `true` when a plugin asked for a full reload. */
  reload?: boolean
}

/** One boundary of an update: `accepted` was evaluated again, and `boundary` accepted it (equal for a self-accepting module). */
export interface AppliedUpdate {
  /** URL of the module that accepted the update. */
  boundary: string
  /** URL of the module that was accepted and evaluated again. */
  accepted: string
}

/** The report of a runner on one change. All URLs are Vite's. */
export interface Applied {
  /** Number of the change, within the runner's session. */
  seq: number
  /**
   * `updated`: boundaries accepted the change, and modules up to them were evaluated again. `reloaded`: the entries were executed
   * again, because no boundary accepted the change, a plugin asked for it, or they had failed before. `unaffected`: the runner
   * executes none of the changed modules, or a later save comes first. `unaccepted`: no boundary accepted the change, nothing was
   * touched, and the process is to be restarted. `failed`: see `error`; the previous code runs on.
   */
  outcome: 'updated' | 'reloaded' | 'unaffected' | 'unaccepted' | 'failed'
  /** Milliseconds from the receipt of the change to the end of the update, its event listeners included; `accept` callbacks are not awaited. */
  ms: number
  /** The number of modules that were evaluated, those behind the accepted ones included. */
  evaluated: number
  /** The boundaries that accepted the change; empty unless `outcome` is `updated`. */
  updates: AppliedUpdate[]
  /** URLs from the changed module to the root, when nothing accepts it. */
  chain?: string[]
  /** Why the process is to be restarted, when something accepts the change: for people. */
  reason?: string
  /** The error that made the update fail. */
  error?: FlatError
}

/**
 * The answer to `fetch`: a module, with the last part of the static graph behind it that the runner lacked (`modules` events
 * have brought the rest), or an external that the runner loads natively.
 */
export type FetchAnswer = { id: ModuleId; url: string; modules: ModuleRecord[] } | { external: string }

/** First call of a runner in each session. */
export interface RunnerInfo {
  name: string
  /** `helper`: a process or thread that an app process has started. It connects to the private socket, as `supervised` ones do. */
  kind: 'supervised' | 'attached' | 'helper'
  pid: number
  host: string
  /** The runner's project root, on its machine. For display. */
  root: string
  /** The id of the app that a helper belongs to. */
  app?: string
  /** Of an attached runner, which others have installed. */
  versions?: InstalledVersions
}

/** The answer to `init`: the server's settings that a runner needs. */
export interface RunnerConfig {
  /** The id that `hub.runners` shows. */
  id: string
  /** The server's project root: `id`s on the wire are the server's. */
  root: string
  /** `import.meta.env` by Vite's rules. */
  env: Record<string, unknown>
  /** `false` when Vite's `server.hmr` is `false`: modules get no `import.meta.hot`. */
  hmr: boolean
  /** Entries to execute, as given by the user; empty for an attached runner. */
  entries: string[]
  onUnaccepted: 'restart' | 'reload'
  /** The runner is a standby, the next process of its app: it gets the code of its entries and executes nothing until `begin`. */
  waits?: boolean
  /** The server's, for an attached runner. */
  versions?: InstalledVersions
}

/** The way in which an app answers requests, and the place. */
export interface Serving {
  /**
   * `listening`: it listens by itself, and `target` is the first of its http servers. Else its entry exports a function, which we
   * listen for: `fetch`, of web standards, or `handler`, of Node's `http`.
   */
  kind: 'fetch' | 'handler' | 'listening'
  /** Where a client on this machine reaches it; plain HTTP. */
  target: { socketPath: string } | { host: string; port: number }
  /** The kind of export, for people: the name of its framework, `fetch` or `request handler`; absent of an app that listens. */
  what?: string
  /** The port that was wanted, if it is taken. */
  taken?: number
}

/** Functions a runner may call. Those that return a promise are reads; the others are events. */
export interface ServerFunctions {
  init(info: RunnerInfo): Promise<RunnerConfig>
  /**
   * Resolves `url` (as an import specifier relative to `importer`, or as what the user gave `import()`) and transforms the
   * module and its static graph. The records that the runner does not hold yet come as they are transformed.
   * `fresh` asks for `url` itself even if the session's ledger says that the runner holds it.
   */
  fetch(url: string, importer?: ModuleId, fresh?: boolean): Promise<FetchAnswer>
  /** After a resync the runner says which code it holds (id -> hash). The answer brings the code that differs. */
  compare(held: Record<ModuleId, string>): Promise<Change>
  /** A custom event sent with `import.meta.hot.send`. */
  hot(payload: CustomPayload): void
  /** The report on a change; `memory` is the size of the process, in bytes. */
  applied(report: Applied, memory?: number): void
  /** The entries are executed; `memory` is the size of the process, in bytes. */
  ready(memory?: number): void
  /** The process still runs 100 ms after `ready`. */
  settled(): void
  /** A standby holds the code of its entries; `memory` is the size of its process, in bytes. */
  waiting(memory: number): void
  /** A standby begins to execute its entries: it is the app's process from now on. */
  begun(): void
  /** The app answers requests: at each change of how or where; without an argument it answers none any more. */
  serving(serving?: Serving): void
  /** A debugger may attach and pause the process: its silence means nothing from now on. */
  inspected(): void
  /**
   * Node itself has loaded these files of the app, and updates cannot reach them: absolute path on the server -> the file's time
   * of modification when it was read, in ms; 0 for one that it has looked for and not found, as the app has written its path.
   */
  loaded(files: Record<string, number>): void
}

/** Functions the server may call; all are events. */
export interface RunnerFunctions {
  change(change: Change): void
  /** Code for a `fetch` that is not answered yet. It changes nothing that runs. */
  modules(records: ModuleRecord[]): void
  /** Vite's own payload: custom, error, or one that a plugin sent. */
  payload(payload: HotPayload): void
  /** A standby is to execute its entries. May come twice. */
  begin(): void
}
