/**
 * What the parent tells the app process outside the session: one inherited duplex fd, lines of JSON from the parent. The first
 * line is the hand-over; its end means that the parent is gone. Nothing of it ever stands in argv or the environment.
 */

/** The inherited fd. */
export const HANDOVER_FD = 3

/** Where the app process finds its server, and how it is going to be stopped. */
export interface Handover {
  /** Address of the session's endpoint. */
  url: string
  secret: string
  /** The server's project root. */
  root: string
  /** Vite's directory for what can be made again. */
  cacheDir: string
  /** The process is to say so if nothing loads the `.env` of `root`. */
  hintsEnv?: boolean
  stop: {
    /** The signal that asks the process to stop, beside SIGINT, SIGTERM and SIGHUP. */
    signal: string
    /** Milliseconds from that signal until the process is killed. */
    timeout: number
  }
  /** Wait for a debugger before any code of the app runs (`start`), and stop at the first line of its entry as well (`entry`). */
  pause?: 'start' | 'entry' | undefined
  /** It is to wait for its turn: what ends it before is nobody's concern. */
  waits?: true
}

/** One line of the parent. `signal` stands in for a real signal where the platform has none. */
export type ParentLine = { handover: Handover } | { signal: string }

/**
 * Where the processes and threads that an app process starts find its server. They inherit the path of a file with it, which
 * only this user can read: an fd would not reach them.
 */
export type Invitation = Pick<Handover, 'url' | 'secret'>
