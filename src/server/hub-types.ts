/** The types of the hub's handle. */
import type { EventEmitter } from 'node:events'
import type { FlatError } from '../shared/errors.ts'
import type { Applied, Serving } from '../shared/types.ts'
import type { InstalledVersions } from '../shared/versions.ts'

/**
 * The state of a runner. A supervised one has the state of its process: `idle` (not started yet, or ended by itself with code 0),
 * `starting` (its entries are not executed yet), `ready` (they are), `crashed` (ended by itself otherwise, or could not be started or
 * killed), `stopping` (asked to stop) or `stopped` (on request). An attached one has the state of its session: `connected`,
 * `disconnected` (the link is lost and may come back) or `ended` (only in `runner:disconnect`; it is not in `hub.runners` any more).
 */
export type RunnerState =
  | 'idle'
  | 'starting'
  | 'ready'
  | 'crashed'
  | 'stopping'
  | 'stopped'
  | 'connected'
  | 'disconnected'
  | 'ended'

/** A runner as `hub.runners` shows it. */
export interface RunnerView {
  /** Names the runner in this hub, over all restarts: of a supervised one the name of its entry's file, with a number if needed. */
  id: string
  /** Of a supervised runner its id, of an attached one the option `name` of its `connect()`. */
  name: string
  /** `supervised`: its process was started by the hub. `attached`: it has called `connect()`. */
  kind: 'supervised' | 'attached'
  /** Its process id, on its own machine; `undefined` while a supervised runner has no process. */
  pid: number | undefined
  /** The name of its machine; `undefined` while a supervised runner is not connected. */
  host: string | undefined
  /** The state of its process, or of its session. */
  state: RunnerState
  /** Number of modules of which it holds the code; 0 while a supervised runner is not connected. */
  modules: number
  /** The last report on a change; `undefined` if there was none in this session. */
  lastUpdate: Applied | undefined
  /**
   * The memory of its process, in bytes (RSS), when it was ready or had handled its last change, whichever was later; absent until
   * it has told.
   */
  memory?: number
  /** When it began to execute modules, in milliseconds since the epoch; absent while a supervised runner is not connected. */
  connectedAt?: number
  /**
   * The ports, and the paths of sockets, on which the process of a supervised runner listens, as far as they outlive it (see the
   * option `ports`); of an attached one they are not known.
   */
  ports?: (number | string)[]
  /** `true` if it runs the saved code: no change is on its way to it, and none has failed or waits for a restart. */
  current: boolean
  /** The way in which a supervised runner answers requests, and the place; absent while it does not. */
  serving?: Serving
  /** Of an attached runner: its versions of vite-tether and Node. Absent if it does not tell. */
  versions?: InstalledVersions
  /** The standby of a supervised runner: the process that waits to be its next one; absent if there is none. */
  standby?: StandbyView
}

/** A standby: a process that waits to be the next one of a supervised runner. */
export interface StandbyView {
  /** Its process id. */
  pid: number
  /** Number of modules of which it holds the code. */
  modules: number
  /** The memory of its process, in bytes (RSS); `undefined` until it holds the code of its entries. */
  memory: number | undefined
}

/**
 * Why the process of a supervised runner is replaced. `unaccepted`: no module accepted a change, and `chain` leads from the changed
 * module to a root, as URLs. `leftover`: the entry accepts it, but what is replaced would leave something running: `reason` names it, for
 * people. `reload`: a plugin asked for a full reload. `file`: a file was saved that restarts the app (`.env`,
 * the option `watch`). `native`: a file was saved that Node has loaded by itself. `options`: the options in the config have changed.
 * `inputs`: a file that shapes the code (tsconfig.json, for example) was saved while a process began with what the last start had left.
 * `silence`: the process did not answer to a save. `request`: `hub.restart()` was called. Files are relative to Vite's root if they
 * lie in it.
 */
export type RestartCause =
  | { kind: 'unaccepted'; chain: string[] }
  | { kind: 'leftover'; reason: string }
  | { kind: 'file' | 'native'; file: string }
  | { kind: 'reload' | 'options' | 'inputs' | 'silence' | 'request' }

/** A save that a plugin has kept from runners: they go on with the code from before. */
export interface WithheldSave {
  /** Its name. */
  plugin: string
  /** The hook of the plugin that has taken the modules out of the update. */
  hook: 'hotUpdate' | 'handleHotUpdate'
  /** `true` if that hook has thrown. */
  failed: boolean
  /** The event that the plugin has sent instead; `undefined` if none. Told for the first such save of a plugin only. */
  sent: string | undefined
  /** Absolute paths. */
  files: string[]
  /** Ids of the runners that have other code of these files than Vite. */
  runners: string[]
}

/** The times that the steps of an update took, in milliseconds. */
export interface UpdateTimes {
  /** From the moment in which the server was told of the save until the changed code was compiled and sent. */
  compile: number
  /** From then until the runner's report was there: `report.ms`, the way there and back, and what it had to finish before. */
  runner: number
}

/** The way in which the process of a supervised runner has ended, and what follows. */
export interface ExitDetails {
  /** `true` if it was asked to stop. */
  requested: boolean
  /** `true` if it ended by itself after it had executed its entries. */
  wasReady: boolean
  /** `start`: a new process follows. `save`: the next save starts one. `none`: the end is final. */
  next: 'start' | 'save' | 'none'
  /** Milliseconds until the new process; absent if it follows at once. */
  delay?: number
}

/** Events of the hub, with their arguments. */
export interface HubEvents {
  /** A runner has connected and executes modules from now on: an attached one, or each new process of a supervised one. */
  'runner:connect': [runner: RunnerView]
  /** A supervised runner has executed its entries. */
  'runner:ready': [runner: RunnerView]
  /** A supervised runner still runs 100 ms after it was ready: a start that goes on in timers or promises has not failed at once. */
  'runner:settled': [runner: RunnerView]
  /** A supervised runner answers requests from now on, or elsewhere or otherwise than before, or (without `serving`) not any more. */
  'runner:serving': [runner: RunnerView]
  /** The standby of a supervised runner holds the current code. */
  'runner:standby': [runner: RunnerView]
  /** The link of a runner is back, and no message was lost. */
  'runner:resume': [runner: RunnerView]
  /** Messages to the runner were lost, or Vite was started again. Its code has been compared with the current sources. */
  'runner:resync': [runner: RunnerView]
  /**
   * The link of a runner is lost and may come back, or the runner has left: then its state is `ended`. `code` is the close code of the
   * protocol; with 1001 this side has gone away, and the runner is going to try again.
   */
  'runner:disconnect': [runner: RunnerView, code: number]
  /** The server was told that these files (absolute paths) were saved: modules, or files that restart the apps. */
  save: [files: string[]]
  /**
   * A runner has handled a change, with any outcome but `failed`. `times` is `undefined` for a change that was made of no save: the
   * comparison after a reconnect, or what the runner tried again by itself.
   */
  'update:applied': [runner: RunnerView, report: Applied, times?: UpdateTimes | undefined]
  /** A change has failed in a runner, which runs its previous code on. `report.error` has the error. */
  'update:failed': [runner: RunnerView, report: Applied, times?: UpdateTimes | undefined]
  /** A plugin has kept saved files from runners, which run the code from before. Told a moment after the save. */
  withheld: [save: WithheldSave]
  /** The process of a supervised runner is about to be replaced. `reason` is a text for the terminal, made of `cause`. */
  restart: [runner: RunnerView, reason: string, cause: RestartCause]
  /** The process of a supervised runner is due to be replaced and is not, because its new code, or the command `before`, has failed. */
  refused: [runner: RunnerView, error: FlatError]
  /**
   * The process of a supervised runner ends with an error that nothing has caught; this comes shortly before or after its `exit`. Not
   * told without the option `ports`, nor on Windows.
   */
  crash: [runner: RunnerView, error: FlatError]
  /** The process of a supervised runner has ended, with an exit code or by a signal. */
  exit: [runner: RunnerView, code: number | null, signal: NodeJS.Signals | null, details: ExitDetails]
  /** A line of standard output of a supervised runner; only with `stdio: 'pipe'` or several apps. */
  stdout: [runner: RunnerView, line: string]
  /** A line of standard error of a supervised runner; only with `stdio: 'pipe'` or several apps. */
  stderr: [runner: RunnerView, line: string]
}

/** Options of `hub.start()`, for this runner in place of the plugin's. */
export interface StartOptions {
  /** Arguments of the app: its `process.argv.slice(2)`. @default the plugin's `args` */
  args?: string[]
  /** Environment variables added to the plugin's `env`; `undefined` removes one. @default none */
  env?: Record<string, string | undefined>
}

/** The hub's handle, which `getTether(server)` returns. */
export interface TetherHub extends EventEmitter<HubEvents> {
  /**
   * Resolves once runners can connect and the entries are being started. Rejects with `ERR_CONFIG` (`attach` would expose sources),
   * `ERR_START` (no private socket), `ERR_CLOSED` (Vite was closed before), or with the error of a port.
   */
  readonly ready: Promise<void>
  /** All runners: the supervised ones first, also those without a process; then the attached ones with a session. */
  readonly runners: RunnerView[]
  /**
   * The address for attached runners; `undefined` without the `attach` option or before `ready`. `token` is not enumerable, so that
   * logs do not show it. `tokenFile` is the path of a file with the token that only this user can read; absent if `attach.token`
   * is set.
   */
  readonly attach: { readonly url: string; readonly token: string; readonly tokenFile?: string } | undefined
  /**
   * Starts one more supervised runner, as soon as Vite listens, and resolves with its id. Rejects with `ERR_CONFIG` (an
   * argument), `ERR_ENTRY` (no such file), `ERR_START` (the process cannot be started, or Vite does not listen within a minute) or
   * `ERR_CLOSED` (Vite was closed).
   *
   * @param entry file that the runner executes, relative to Vite's root
   * @param options arguments and environment, in place of the plugin's
   */
  start(entry: string, options?: StartOptions): Promise<string>
  /**
   * Replaces the process of a supervised runner, or starts one if it is stopped. Vite is untouched. Resolves once the new process
   * is spawned. Rejects with `ERR_CONFIG` for an unknown id, with `ERR_START` if the new code cannot start or the command `before`
   * fails (the process then runs on), the new process cannot be started or the old one cannot be killed, and with `ERR_CLOSED` if the runner is stopped
   * meanwhile or Vite was closed.
   *
   * @param id the runner's id; without it all supervised runners are restarted, stopped ones included
   */
  restart(id?: string): Promise<void>
  /**
   * Stops the process of a supervised runner: `stop.signal`, SIGKILL after `stop.timeout`. Only `restart()` starts it again, no save.
   * Resolves once the process and all that it has started are gone. Rejects with `ERR_CONFIG` for an unknown id, with `ERR_START` if
   * the process does not end after SIGKILL, and with `ERR_CLOSED` if Vite was closed.
   *
   * @param id the runner's id
   */
  stop(id: string): Promise<void>
  /**
   * Takes a stopped supervised runner off `runners`. Rejects with `ERR_CONFIG` for an unknown id and for a runner that is not
   * stopped, and with `ERR_CLOSED` if Vite was closed.
   *
   * @param id the runner's id
   */
  remove(id: string): Promise<void>
}
