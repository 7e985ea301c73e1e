/** The seam between a supervisor and `server/ports`, which do not know each other. */
import type { ChildProcess } from 'node:child_process'

/** The ports of one process, as its supervisor sees them. */
export interface PortsOfProcess {
  /** The process is the app's from now on: it gets the ports that its predecessor has left. */
  turn(): void
  /** It is to accept no more connections, and to answer what is under way. Resolves when that is done, after `ms` at the latest. */
  drain(ms: number): Promise<void>
}

/** Holds the ports of an app over its processes. */
export interface PortsOfApp {
  /** A process was spawned, with a channel for them. */
  join(child: ChildProcess): PortsOfProcess
  /** The ports and paths on which the app's process listens. */
  readonly open: Iterable<number | string>
}
