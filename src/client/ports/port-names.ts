/** Names a port over the processes of an app, by the arguments with which it is opened. */
import { renameSync, statSync, unlinkSync } from 'node:fs'
import type { PortName } from '../../shared/ports.ts'
import type { ListenArguments } from './listening.ts'

/** Names the ports of one process. */
export class PortNames {
  /** The number of times that any port was asked for, by the rest of the arguments. */
  readonly #any = new Map<string, number>()

  /** Port 0 means in each process the one that the call of this number had. */
  name([address, port, type, , , flags]: ListenArguments): PortName {
    const rest = `${address ?? ''}|${type}|${flags ?? 0}`
    if (port < 0) return { key: `path|${rest}`, path: address! }
    if (port > 0) return { key: `${port}|${rest}`, port }
    const count = this.#any.get(rest) ?? 0
    this.#any.set(rest, count + 1)
    return { key: `0#${count}|${rest}` }
  }
}

/** The number of the file of a socket, if there is one: Linux has sockets with a name and no file, which begins with a zero. */
export function inodeOf(path: string): string | undefined {
  if (path.startsWith('\0')) return undefined
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino.toString()
}

/** Removes the file of a socket that is closed, as its binder would. */
export function removeSocket(path: string, inode: string | undefined): void {
  try {
    if (inodeOf(path) === inode) unlinkSync(path)
  } catch {
    // somebody else has removed it
  }
}

/**
 * Calls `close` for the socket whose file was `inode`: where this process has bound it, that removes what lies at its path. The file of
 * another socket stays: an app removed the old one, then newer code listened at the same path.
 */
export function closeSparing({ path, inode }: Pick<PortName, 'path' | 'inode'>, close: () => void): void {
  const now = path === undefined ? undefined : inodeOf(path)
  if (now === undefined || now === inode) close()
  else closeBeside(path!, close)
}

/** Calls `close` while the file at `path` is elsewhere. */
export function closeBeside(path: string, close: () => void): void {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    // somebody else has removed it
    close()
    return
  }
  close()
  renameSync(aside, path)
}
