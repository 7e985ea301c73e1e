/** What a supervisor is given and what it tells. */
import type { Handover } from '../../shared/handover.ts'
import type { Clock } from '../../shared/util/clock.ts'
import type { PortsOfApp } from './port-seam.ts'
import type { AppCommand, Exit } from './spawn.ts'

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
  /** It was asked to stop. */
  requested: boolean
  /** It had executed its entries. */
  wasReady: boolean
  /** What follows: a new process (at once or in `delay` ms), waiting for a save, or nothing. */
  next: 'start' | 'save' | 'none'
  delay?: number
}

/** Events of a supervisor with their arguments. */
export interface SupervisorEvents {
  /** `reason` says why, for people. */
  state: [state: SupervisorState, previous: SupervisorState, reason: string | undefined]
  exit: [exit: SupervisorExit]
  /** A process that has waited is the app's from now on: it is to begin. */
  takeover: [pid: number]
  /** A process that has waited has ended, unused. */
  unused: [pid: number]
  /** A line of the app's output, with `stdio: 'pipe'`. */
  stdout: [line: string]
  stderr: [line: string]
}

/** What a supervisor has to know for a process that waits. */
export interface StandbyPolicy {
  /** What a process would see that is started now, beside its command. Another answer makes one that waits useless. */
  inputs(): string
  /** Whether there is room for it. */
  hasRoom(): boolean
}

/** Options of a `Supervisor`. */
export interface SupervisorOptions extends Omit<AppCommand, 'env'> {
  /** Names this supervisor among others. */
  id: string
  /** The environment of the next process; asked at each start. */
  env: () => NodeJS.ProcessEnv
  /** Where the next process finds the server; asked at each start. */
  handover: () => Omit<Handover, 'stop' | 'waits'>
  /** How the process is asked to stop. @default { signal: 'SIGTERM', timeout: 5000, drain: 1000 } */
  stop?: { signal?: NodeJS.Signals; timeout?: number; drain?: number }
  /** Keeps the next process ready, which costs its memory; absent: each start is one from scratch. */
  standby?: StandbyPolicy
  /** Holds the ports; absent: they close with their process. */
  ports?: PortsOfApp
  /** The first exit is final. @default false */
  once?: boolean
  /** @default the process's own clock */
  clock?: Clock
}
