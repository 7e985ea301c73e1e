/** One port of the app in this process: its socket, and whose it is. */
import type { NodeHandle, PortName } from '../../shared/ports.ts'
import { type ListeningHandle, type ServerInsides, takeHandle } from './listening.ts'
import { closeBeside, closeSparing, removeSocket } from './port-names.ts'

/** A port that the last process has left. */
export interface GivenPort extends PortName {
  handle: ListeningHandle
  /** Connections that have come while nobody asked for it. */
  early: NodeHandle[]
}

/** A port on which a server of this process listens. */
export interface HeldPort extends PortName {
  server: ServerInsides
  handle: ListeningHandle
  /** It was given to this process, which has not bound it. */
  isInherited: boolean
  /** The process that has started this one has a copy. */
  isShared: boolean
}

/** Clients that connect wait until {@link connectEarly}. */
export function putAside({ key, port, path, inode, handle }: HeldPort): GivenPort {
  const early: NodeHandle[] = []
  handle.onconnection = (_, client) => client && early.push(client)
  // a port that nobody listens on keeps no process alive
  handle.unref()
  return { key, port, path, inode, handle, early }
}

/** Those who have waited are connected with the server that listens now: after its event, at which Node's servers get ready for connections. */
export function connectEarly({ handle }: HeldPort, early: readonly NodeHandle[]): void {
  if (early.length === 0) return
  setImmediate(() => {
    for (const client of early) handle.onconnection?.(0, client)
  })
}

/** Connects clients of a socket that no path leads to any more with the server that has the path now. */
export function passOn(from: ListeningHandle, { handle }: HeldPort): void {
  from.onconnection = (status, client) => handle.onconnection?.(status, client)
  from.unref()
  from.listen(0)
}

/** Closes the socket of a port that nobody is to have any more, its file included. */
export function closeForGood(port: GivenPort | HeldPort, closed?: () => void): void {
  closeSparing(port, () => port.handle.close(closed))
  // a socket that was bound here takes its file away itself
  if (port.path !== undefined && ('early' in port || port.isInherited)) removeSocket(port.path, port.inode)
}

/** This process accepts no more connections; to the app it looks as if it did. Others who have the socket keep it. */
export function letGo({ server, handle, path, isInherited }: HeldPort): void {
  if (server._handle === handle) takeHandle(server)
  if (path === undefined || isInherited) handle.close()
  // this process has bound it, and would remove its file
  else closeBeside(path, () => handle.close())
}
