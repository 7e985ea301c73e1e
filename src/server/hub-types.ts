/** The hub's handle as users see it. */
import type { EventEmitter } from 'node:events'
import type { Applied } from '../shared/types.ts'
import type { InstalledVersions } from '../shared/versions.ts'

/** A runner as `hub.runners` shows it. */
export interface RunnerView {
  id: string
  name: string
  kind: 'supervised' | 'attached'
  /** `undefined` while a supervised runner has no process. */
  pid: number | undefined
  host: string | undefined
  /**
   * A supervised runner's process: `idle`, `starting`, `ready`, `crashed`, `stopping` or `stopped`. An attached runner's
   * link: `connected` or `disconnected`.
   */
  state: string
  /** How many modules it holds. */
  modules: number
  lastUpdate: Applied | undefined
  /** It runs the code as it was last saved: no change is on its way to it, and none has failed or waits for a restart. */
  current: boolean
  /** Of an attached runner: what it runs. Absent if it does not tell. */
  versions?: InstalledVersions
  /** The process that waits to be a supervised runner's next; absent if there is none. */
  standby?: StandbyView
}

/** A process that waits. */
export interface StandbyView {
  pid: number
  /** How many modules it holds. */
  modules: number
  /** What it occupies, in bytes (RSS); `undefined` until it holds the code of its entries. */
  memory: number | undefined
}

/** Events of the hub, with their arguments. */
export interface HubEvents {
  'runner:connect': [runner: RunnerView]
  /** A supervised runner has executed its entries. */
  'runner:ready': [runner: RunnerView]
  /** The process that waits to be the next one of a supervised runner holds the current code. */
  'runner:standby': [runner: RunnerView]
  /** The link is back and nothing was lost. */
  'runner:resume': [runner: RunnerView]
  /** Messages to the runner were lost, or Vite was started again: what it holds has been compared with current sources. */
  'runner:resync': [runner: RunnerView]
  /**
   * The link is lost, which the session may outlive, or the runner has left: its state is `ended`. `code` is that of the protocol, 1001
   * where this side goes away and the runner is going to try again.
   */
  'runner:disconnect': [runner: RunnerView, code: number]
  'update:applied': [runner: RunnerView, report: Applied]
  'update:failed': [runner: RunnerView, report: Applied]
  /** A supervised process is replaced; `reason` is for people. */
  restart: [runner: RunnerView, reason: string]
  exit: [runner: RunnerView, code: number | null, signal: NodeJS.Signals | null]
  /** A line of output, with `stdio: 'pipe'`. */
  stdout: [runner: RunnerView, line: string]
  stderr: [runner: RunnerView, line: string]
}

/** How one more supervised runner differs from the plugin's options. */
export interface StartOptions {
  args?: string[]
  env?: Record<string, string | undefined>
}

/** What `getTether(server)` returns. */
export interface TetherHub extends EventEmitter<HubEvents> {
  /** Resolves once runners can connect and the entries are started; rejects with the reason if that fails. */
  readonly ready: Promise<void>
  readonly runners: RunnerView[]
  /**
   * Where attached runners connect; `undefined` without the `attach` option or before `ready`. The token is not enumerable;
   * `tokenFile` holds it unless it was given, readable by this user only.
   */
  readonly attach: { readonly url: string; readonly token: string; readonly tokenFile?: string } | undefined
  /**
   * Starts one more supervised runner, as soon as Vite listens, and resolves with its id. Rejects with `ERR_CONFIG` (an
   * argument), `ERR_ENTRY`, `ERR_START` (the process, or a Vite that does not listen) or `ERR_CLOSED` (Vite was closed).
   */
  start(entry: string, options?: StartOptions): Promise<string>
  /**
   * Replaces a supervised runner's process; all of them without `id`. Vite is untouched. Resolves once the new process is there.
   * Rejects with `ERR_CONFIG` for an unknown id, with `ERR_START` if the new code or process cannot start, and with `ERR_CLOSED`
   * if the runner is stopped meanwhile or Vite was closed.
   */
  restart(id?: string): Promise<void>
  /**
   * Stops a supervised runner's process; nothing but `restart(id)` starts it again. Resolves once it is gone. Rejects with
   * `ERR_CONFIG` for an unknown id, with `ERR_START` if the system does not end the process, and with `ERR_CLOSED`.
   */
  stop(id: string): Promise<void>
  /** Takes a stopped supervised runner off `runners`. Rejects with `ERR_CONFIG` for one that is not stopped, or with `ERR_CLOSED`. */
  remove(id: string): Promise<void>
}
