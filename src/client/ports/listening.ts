/** The way in which Node's servers listen, beneath `listen()`: the one place that knows the insides of `net.Server`. */
import net, { type Server } from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { NodeHandle } from '../../shared/ports.ts'

/** A socket that can listen. */
export interface ListeningHandle extends NodeHandle {
  constructor: new (type: number) => ListeningHandle
  onconnection?: (this: ListeningHandle, status: number, client?: NodeHandle) => void
  /** 0, or the number of an error. */
  listen(backlog: number): number
  getsockname?(into: SocketName): number
}

/** The address of a socket, as libuv reports it. */
export interface SocketName {
  address?: string
  family?: string
  port?: number
}

/** The arguments of `_listen2`, which `listen()` comes to when they are checked and names are looked up. -1 is the port of a path. */
export type ListenArguments = [
  address: string | null,
  port: number,
  type: number,
  backlog: number | undefined,
  fd: number | undefined,
  flags: number | undefined,
]

/** A server as Node's own code sees it. */
export interface ServerInsides extends Server {
  _handle: ListeningHandle | null
  _connections: number
  _unref?: boolean
  _listen2(...args: ListenArguments): void
  _emitCloseIfDrained(): void
}

/** The ports of this process that outlive it, as a takeover uses them. */
export interface PortsBelow {
  /** A handle is another server's from now on. */
  moved(handle: ListeningHandle, server: ServerInsides): void
  /** Binds for a server that listens by means of a stand-in. */
  place(
    server: ServerInsides,
    inert: ListeningHandle,
    args: ListenArguments,
    node: (args: ListenArguments) => void,
  ): Promise<void>
}

type Bind = (...args: [...Pick5, number | undefined]) => ListeningHandle | number
type Pick5 = [address: string | null, port: number, type: number, fd: number | undefined]

const prototype = net.Server.prototype as ServerInsides
const bind = (net as unknown as { _createServerHandle?: Bind })._createServerHandle

/** For servers: what Node's constructors of sockets take. */
const SERVER = 1
const BACKLOG = 511
const REUSE_PORT = 2

/** The first internal of Node that this file needs and does not find; `undefined` if all are there. */
export function missingInside(): string | undefined {
  // it has all of them, but a handle that is given to another server accepts nothing: clients would wait for ever
  if ('deno' in process.versions) return 'net of Deno is none of node'
  if (typeof prototype._listen2 !== 'function') return 'net.Server has no _listen2'
  if (typeof prototype._emitCloseIfDrained !== 'function') return 'net.Server has no _emitCloseIfDrained'
  if (typeof bind !== 'function') return 'net has no _createServerHandle'
  return undefined
}

/** Puts `listen` in the place of Node's: it is called with the latter, which binds unless the server has a handle by then. */
export function replaceListen(
  listen: (server: ServerInsides, args: ListenArguments, node: (args: ListenArguments) => void) => void,
): void {
  const original = prototype._listen2
  prototype._listen2 = function (...args) {
    listen(this, args, (given) => original.apply(this, given))
  }
}

/** `true` if the port of this call may outlive the process. */
export function canBeHeld(server: ServerInsides, [, port, , , fd, flags = 0]: ListenArguments): boolean {
  if (server._handle || typeof fd === 'number') return false
  // Windows' pipes go from process to process only in another way
  if (port < 0 && process.platform === 'win32') return false
  // several processes share it on purpose
  if (port >= 0 && flags & REUSE_PORT) return false
  // one that the primary of a cluster makes for its workers: it takes the handle away from its server
  return server.listeners('connection')[0]?.name !== 'fail'
}

/** `true` for a server that answers nothing: those that look for a free port are such servers. */
export function isMaybeProbe(server: ServerInsides): boolean {
  return server.constructor === net.Server
}

/** Binds as Node does: without an address to both families, or to IPv4 alone where there is no IPv6. A number is the error. */
export function bindAsNode([address, port, type, , , flags]: ListenArguments): ListeningHandle | number {
  if (address) return bind!(address, port, type, undefined, flags)
  const both = bind!('::', port, 6, undefined, flags)
  return typeof both === 'number' ? bind!('0.0.0.0', port, 4, undefined, flags) : both
}

/** Binds and listens. Returns the name of the error if that fails: libuv tells of a port that is taken only when it listens. */
export function open(args: ListenArguments): ListeningHandle | string {
  const handle = bindAsNode(args)
  if (typeof handle === 'number') return getSystemErrorName(handle)
  const error = handle.listen(args[3] || BACKLOG)
  if (error === 0) return handle
  handle.close()
  return getSystemErrorName(error)
}

/** The arguments of a call that finds its handle in the server, so that the server looks as if Node had bound it. */
export function argumentsFor(
  handle: ListeningHandle,
  [address, port, type, ...rest]: ListenArguments,
): ListenArguments {
  if (address || port < 0) return [address, port, type, ...rest]
  const isFour = nameOf(handle).family === 'IPv4'
  return [isFour ? '0.0.0.0' : '::', port, isFour ? 4 : 6, ...rest]
}

/** A handle that looks like `handle` and is connected with nothing. */
export function standIn(handle: ListeningHandle, name = nameOf(handle)): ListeningHandle {
  const inert = new handle.constructor(SERVER)
  inert.listen = () => 0
  inert.getsockname = (into) => {
    Object.assign(into, name)
    return 0
  }
  return inert
}

/** Takes the handle of `server` away and leaves a stand-in, so that to the app it listens as before. */
export function takeHandle(server: ServerInsides): ListeningHandle {
  const handle = server._handle!
  const inert = standIn(handle)
  copyOwner(handle, inert)
  if (handle.onconnection) inert.onconnection = handle.onconnection
  server._handle = inert
  return handle
}

/** `server`, which listens by means of a stand-in, listens by means of `handle` from now on. */
export function putInPlace(server: ServerInsides, handle: ListeningHandle): void {
  const inert = server._handle!
  copyOwner(inert, handle)
  handle.onconnection = inert.onconnection!
  server._handle = handle
  // the server that had the handle before may have had the other one
  if (server._unref) server.unref()
  else handle.ref()
  inert.close()
}

/** Binds the address that `server` was granted by means of `inert`. If that fails it gets the error, which Node emits. */
export function bindInPlace(
  server: ServerInsides,
  inert: ListeningHandle,
  args: ListenArguments,
  node: (args: ListenArguments) => void,
): void {
  const opened = open(args)
  if (typeof opened !== 'string') {
    putInPlace(server, opened)
    return
  }
  server._handle = null
  inert.close()
  node(args)
}

/** Node notes in a handle to which server its connections belong. */
function copyOwner(from: ListeningHandle, to: ListeningHandle): void {
  for (const symbol of Object.getOwnPropertySymbols(from)) {
    Object.defineProperty(to, symbol, Object.getOwnPropertyDescriptor(from, symbol)!)
  }
}

/** A stand-in for `own` that has the address of `args`, and the arguments with which a server gets to listen by means of it. */
export function standInElsewhere(own: ListeningHandle, args: ListenArguments): [ListeningHandle, ListenArguments] {
  const [address, port, , ...rest] = args
  const full: ListenArguments = address ? args : ['::', port, 6, ...rest]
  return [standIn(own, { address: full[0]!, family: `IPv${full[2]}`, port }), full]
}

function nameOf(handle: ListeningHandle): SocketName {
  const name: SocketName = {}
  handle.getsockname?.(name)
  return name
}

/** Holds the event `close` of a server back, which comes when it is closed and has no connections, until the returned function is called. */
export function holdBackClose(server: ServerInsides): () => void {
  let isDue = false
  Object.defineProperty(server, '_emitCloseIfDrained', {
    configurable: true,
    value() {
      if (!server._handle && !server._connections) isDue = true
    },
  })
  return () => {
    delete (server as Partial<ServerInsides>)._emitCloseIfDrained
    if (isDue) process.nextTick(() => server.emit('close'))
  }
}
