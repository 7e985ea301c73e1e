/**
 * The messages about an app's ports between its process and the supervisor, over a channel that carries sockets as well.
 */
import type { FlatError } from './errors.ts'

/** A socket as Node holds it, beneath its own classes. */
export interface NodeHandle {
  /** Negative when it is closed, and on Windows always. */
  readonly fd: number
  close(closed?: () => void): void
  ref(): void
  unref(): void
  /** Of a TCP socket: writes its address into `address`. */
  getsockname?(address: object): number
}

/** `true` if a socket is closed: it cannot be sent then. */
export function isClosed(handle: NodeHandle): boolean {
  return process.platform === 'win32' ? handle.getsockname?.({}) !== 0 : handle.fd < 0
}

/** A port, or the path of a socket, that is held. */
export interface PortName {
  /** The arguments with which it was bound: a later process that gives the same ones means the same port. */
  key: string
  /** `undefined` of a path, and of any port. */
  port?: number | undefined
  path?: string | undefined
  /** Of a path: the number that its file had in the file system when it was bound. */
  inode?: string | undefined
}

/** The error that has ended a process. */
export interface Failure {
  /** Its report. */
  text: string
  error: FlatError
}

/** Messages of the app process. */
export type FromApp =
  /** It has taken the channel, and can be given ports. */
  | { say: 'hello' }
  /** It cannot: this Node is not as expected. */
  | { say: 'unable'; reason: string }
  /** With a copy of a port's socket. */
  | ({ say: 'copy' } & PortName)
  /** The app listens on a port that is held. */
  | { say: 'listens'; key: string }
  /** The app has closed a port; `id` is to be answered when no copy is left. */
  | { say: 'close'; key: string; id: number }
  /** A port is taken, maybe by a copy that is held for another app which has no use for it; `id` is to be answered. */
  | { say: 'taken'; port: number; id: number }
  /** With a connection of a port, on which nothing is asked at the moment: it is the next process'. */
  | { say: 'connection'; key: string }
  /** The port is closed that another app wants. */
  | { say: 'dropped'; key: string }
  /** Nothing is under way any more. */
  | { say: 'drained' }
  /** The process ends with an error. */
  | ({ say: 'failure' } & Failure)

/** Messages of the supervisor. */
export type ToApp =
  /** With the socket of a port that the app's last process has left. */
  | ({ say: 'give' } & PortName)
  /** With a connection that the app's last process had. */
  | { say: 'connection'; key: string }
  /** Another app wants this port, which the process has not asked for: it is to be closed. */
  | { say: 'drop'; key: string }
  /** A copy of this port's socket is to be sent. */
  | { say: 'want'; key: string }
  /** All ports are given: code of the app may run. `others`: other apps may have ports too. */
  | { say: 'go'; others: boolean }
  /** The process is going to be replaced: no more connections, and `ms` for the requests under way. */
  | { say: 'drain'; ms: number }
  /** The message with this id was acted on. */
  | { say: 'done'; id: number }
