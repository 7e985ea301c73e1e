/**
 * What the two processes say to each other, above the session. Both ends import this file and nothing else of each other.
 */
import type { CustomPayload, HotPayload } from 'vite'
import type { FlatError } from './errors.ts'
import type { InstalledVersions } from './versions.ts'

/** A module id as Vite's server resolves it: an absolute file path with its query, or `\0virtual:name`. */
export type ModuleId = string

/** One module's transformed code. */
export interface ModuleRecord {
  id: ModuleId
  /** URL as Vite's module graph writes it: what log lines and payloads name. */
  url: string
  /** Absolute path on the server without query, or `null` for a virtual module. */
  file: string | null
  /** Numbers the transforms of one server process. A runner installs only a greater one. */
  version: number
  /** Hash of `code` without the source map; equal hash, equal module. */
  hash: string
  /** SSR-transformed code, without an inline source map. */
  code: string
  /** The code is that of a CommonJS module, for Node to run. */
  format?: 'commonjs'
  /** The code was written to be compiled to CommonJS: what it imports from there is what a compiler's `require()` gives. */
  interop?: 'compiled'
  /** Source map as JSON text, packed (see `packed-map.ts`), for when a stack is read. */
  map: string | null
  /** Static imports: specifier as it stands in `code` -> module id. A specifier that is not listed is an external. */
  deps: Record<string, ModuleId>
  /** Dynamic imports with a literal specifier, likewise. They are edges of the graph but are not loaded ahead. */
  dynamicDeps: Record<string, ModuleId>
}

/** A module that could not be transformed. */
export interface FailedModule {
  id: ModuleId
  url: string
  error: FlatError
}

/** What a save becomes on the wire: which modules changed, and the code the runner lacks. */
export interface Change {
  /** Numbers the changes of one session; `Applied.seq` answers it. */
  seq: number
  /** Modules that Vite was asked to update. */
  seeds: ModuleId[]
  /** Code that differs from what the runner holds, and code of modules that it newly needs. */
  modules: ModuleRecord[]
  /** Seeds, or modules they newly need, that could not be transformed. */
  failed: FailedModule[]
  /** Modules whose newer code did not fit into one message: the runner forgets its own and asks when it needs them. */
  stale?: ModuleId[]
  /** `true` when a plugin asked for a full reload. */
  reload?: boolean
}

/** One boundary of an update: `accepted` was evaluated again, and `boundary` accepted it (equal for a self-accepting module). */
export interface AppliedUpdate {
  boundary: string
  accepted: string
}

/** What a runner made of one change. All URLs are Vite's. */
export interface Applied {
  seq: number
  /** `unaccepted`: nothing was touched, the supervisor is to restart the process. */
  outcome: 'updated' | 'reloaded' | 'unaffected' | 'unaccepted' | 'failed'
  /** Milliseconds from the receipt of the change to the end of its callbacks. */
  ms: number
  /** How many modules were evaluated. */
  evaluated: number
  updates: AppliedUpdate[]
  /** URLs from the changed module to the root, when nothing accepts it. */
  chain?: string[]
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
  /** `helper`: a process or thread that an app process has started, which lives on the private socket too. */
  kind: 'supervised' | 'attached' | 'helper'
  pid: number
  host: string
  /** The runner's project root, for display. */
  root: string
  /** The id of the app that a helper belongs to. */
  app?: string
  /** Of an attached runner, which others have installed. */
  versions?: InstalledVersions
}

/** What a runner needs to know of the server. */
export interface RunnerConfig {
  /** The id that `hub.runners` shows. */
  id: string
  /** The server's project root: `id`s on the wire are the server's. */
  root: string
  /** `import.meta.env` by Vite's rules. */
  env: Record<string, unknown>
  /** `false` when `server.hmr` is: there is no `import.meta.hot`. */
  hmr: boolean
  /** Entries to execute, as given by the user; empty for an attached runner. */
  entries: string[]
  onUnaccepted: 'restart' | 'reload'
  /** It is the next process of its app: it holds the code of its entries and runs nothing until `begin`. */
  waits?: boolean
  /** The server's, for an attached runner. */
  versions?: InstalledVersions
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
  /** After a resync: what the runner holds (id -> hash). The answer brings what differs. */
  compare(held: Record<ModuleId, string>): Promise<Change>
  /** A custom event sent with `import.meta.hot.send`. */
  hot(payload: CustomPayload): void
  /** What became of a change. */
  applied(report: Applied): void
  /** The entries are executed. */
  ready(): void
  /** One that waits holds the code of its entries; `memory` is what its process occupies, in bytes. */
  waiting(memory: number): void
  /** One that has waited executes its entries from now on. */
  begun(): void
  /** A debugger may attach, and hold the process for as long as a person wants. */
  inspected(): void
  /**
   * Node itself has loaded these files of the app, which updates cannot reach: absolute path on the server -> its time of
   * modification, in ms, when it was read.
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
  /** One that waits is to execute its entries. May come twice. */
  begin(): void
}
