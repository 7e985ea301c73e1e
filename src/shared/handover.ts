/**
 * The line from the parent (Vite's process) to an app process outside the session: one inherited duplex fd, on which the parent
 * writes lines of JSON. The first line is the hand-over; the end of the stream means that the parent is gone. The secret goes
 * this way because other users can read argv, and everything that the app starts inherits the environment.
 */

/** The number of the inherited fd. */
export const HANDOVER_FD = 3

/** Where an app process listens for an entry whose export answers requests. */
export interface ServeConfig {
  /** A private path, on Windows a pipe; or a port: without one that of the variable PORT, or 3000. `strict`: no other one if it is taken. */
  at: { path: string } | { port?: number; host?: string | true; strict?: boolean }
  /** The user wants the entry to be served: one that cannot be is an error, and any function that it exports a request handler. */
  asked: boolean
}

/** Name of the file that a process of the app makes beside the invitation when it cannot do without a server that is still to come. */
export const WANTED = 'wanted'

/** Tells an app process where its server is, and how it is going to be stopped. */
export interface Handover {
  /** Address of the session's endpoint. */
  url: string
  secret: string
  /** The server's project root. */
  root: string
  /** Vite's `cacheDir`. */
  cacheDir: string
  /** `true` if the process is to print a hint when nothing loads the `.env` of `root`. */
  hintsEnv?: boolean
  stop: {
    /** The signal that asks the process to stop. SIGINT, SIGTERM and SIGHUP do, too. */
    signal: string
    /** Milliseconds from that signal until the process is killed. */
    timeout: number
  }
  /** Absent: what its entry exports is not served. */
  serve?: ServeConfig | undefined
  /** Wait for a debugger before any code of the app runs (`start`), and stop at the first line of its entry as well (`entry`). */
  pause?: 'start' | 'entry' | undefined
  /** The process is a standby: it waits for its turn, and a crash before its turn is not reported. */
  waits?: true
}

/** A kept start, by the path of its index. */
export interface KeptPlace {
  path: string
  /** The digest of the index that the command has proven. Absent: the process has to prove it, as no server is going to compare what it runs. */
  digest?: string
}

/**
 * One line of the parent. `kept` comes first, if at all: the process may begin with what lies there while there is no server.
 * `signal` stands in for a real signal on Windows, which has none.
 */
export type ParentLine = { handover: Handover } | { signal: string } | { kept: KeptPlace }

/**
 * The content of a file, readable by this user only, that tells the processes and threads of an app process where the server is.
 * They inherit the file's path in the environment, because they do not inherit the fd.
 */
export type Invitation = Pick<Handover, 'url' | 'secret'>
