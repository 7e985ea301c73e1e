/** Options, events and states of a supervisor. */
import type { Handover } from '../../shared/handover.ts'
import type { Clock } from '../../shared/util/clock.ts'
import type { PortsOfApp } from './port-seam.ts'
import type { AppCommand, Exit, TakeEarly } from './spawn.ts'

/**
 * `idle`: not started yet, or ended by itself with code 0; `starting`: spawned, its entries not executed yet; `ready`;
 * `crashed`: ended by itself otherwise, or could not be started; `stopping`; `stopped`: on request.
 */
export type SupervisorState = 'idle' | 'starting' | 'ready' | 'crashed' | 'stopping' | 'stopped'

/** Which state may follow which. */
export const TRANSITIONS: Record<SupervisorState, readonly SupervisorState[]> = {
  idle: ['starting', 'stopped'],
  starting: ['starting', 'ready', 'idle', 'crashed', 'stopping'],
  ready: ['idle', 'crashed', 'stopping'],
  crashed: ['starting', 'stopping', 'stopped'],
  stopping: ['starting', 'stopped', 'crashed'],
  stopped: ['starting'],
}

/** The end of an app process. */
export interface SupervisorExit extends Exit {
  pid: number
  /** `true` if the process was asked to stop. */
  requested: boolean
  /** `true` if the process had executed its entries. */
  wasReady: boolean
  /** `start`: a new process follows. `save`: the next save starts one. `none`: the end is final. */
  next: 'start' | 'save' | 'none'
  /** Milliseconds until the new process; absent if it follows at once. */
  delay?: number
}

/** Events of a supervisor with their arguments. */
export interface SupervisorEvents {
  /** `reason` is a text for log lines. */
  state: [state: SupervisorState, previous: SupervisorState, reason: string | undefined]
  exit: [exit: SupervisorExit]
  /** The standby `pid` is the app's process from now on, and must be told to begin. */
  takeover: [pid: number]
  /** The standby `pid` is none any more: it has ended, or is being killed, before it has connected as the app's process. */
  unused: [pid: number]
  /** A line of the app's output, with `stdio: 'pipe'`. */
  stdout: [line: string]
  stderr: [line: string]
}

/** Rules for the standby of a supervisor. */
export interface StandbyPolicy {
  /** Further inputs of a process that is started now, beside its command. A standby with other inputs is killed. */
  inputs(): string
  /** `true` if there may be one: the app would not notice it, and there is memory for it. */
  mayStart(): boolean
}

/** Options of a `Supervisor`. */
export interface SupervisorOptions {
  /** Id of the app, unique in the hub. */
  id: string
  /** The command of the next process; called at each start. */
  command: () => AppCommand
  /** Tells the next process where the server is; called at each start. */
  handover: () => Omit<Handover, 'stop' | 'waits'>
  /** The way in which the process is asked to stop; `timeout` and `drain` in ms. @default { signal: 'SIGTERM', timeout: 5000, drain: 1000 } */
  stop?: { signal?: NodeJS.Signals; timeout?: number; drain?: number }
  /** Keeps the next process ready, which costs its memory; absent: each start is one from scratch. */
  standby?: StandbyPolicy
  /** Holds the ports; absent: they close with their process. */
  ports?: PortsOfApp
  /** Was started for this app or another one of the command; absent: there is none. */
  early?: TakeEarly | undefined
  /** The first exit is final. @default false */
  once?: boolean
  /** @default the process's own clock */
  clock?: Clock
}
