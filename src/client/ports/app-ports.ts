/**
 * The ports of the app in this process. Those that its last process has left are given before code of the app runs, so that
 * `listen()` finds them at once; of each that it opens, the process that has started this one gets a copy, for the next.
 */
import { createDebug } from 'obug'
import type { FromApp, NodeHandle, PortName } from '../../shared/ports.ts'
import { closeForGood, connectEarly, type GivenPort, type HeldPort, letGo, passOn, putAside } from './held-port.ts'
import {
  argumentsFor,
  bindInPlace,
  canBeHeld,
  holdBackClose,
  type ListenArguments,
  type ListeningHandle,
  open,
  type ServerInsides,
  standInElsewhere,
} from './listening.ts'
import { closeSparing, inodeOf, PortNames } from './port-names.ts'

const debug = createDebug('vite-tether:ports')

/** Milliseconds after which a server that was granted an address which only we hold is not taken for a probe any more. */
const PROBE = 100

/** The supervisor, as the app process sees it. */
export interface PortKeeper {
  send(message: FromApp, handle?: NodeHandle): void
  /** Resolves when the message was acted on, or when nobody is there any more. */
  ask(message: (id: number) => FromApp): Promise<void>
}

/** A socket that was there when `listen` was called. */
interface Found extends Pick<HeldPort, 'handle' | 'inode' | 'isInherited' | 'isShared'> {
  early?: readonly NodeHandle[]
}

type Node = (args: ListenArguments) => void

/** All of them. */
export class AppPorts {
  readonly #keeper: PortKeeper
  readonly #names = new PortNames()
  /** Ports of the last process that the app has not asked for. */
  readonly #given = new Map<string, GivenPort>()
  readonly #held = new Map<string, HeldPort>()
  /** Closed by the app, but others may have a copy still. */
  readonly #closing = new Map<string, { port: HeldPort; done: Promise<void> }>()
  /** Sockets whose path leads to another one now. */
  readonly #pathless: ListeningHandle[] = []
  /** Other apps have ports too. */
  hasOthers = false
  /** The app has had time to ask for what was left: what it closes from now on is closed. */
  #isSettled = false
  /** This process is going to be replaced. */
  #isOver = false

  constructor(keeper: PortKeeper) {
    this.#keeper = keeper
  }

  /** The last process has left this one. */
  give(name: PortName, handle: ListeningHandle): void {
    this.#given.set(name.key, { ...name, handle, early: [] })
  }

  /** A connection that the last process had is one of the server that asks, or has asked, for its port. */
  connect(key: string, client: NodeHandle): void {
    const held = this.#held.get(key)
    if (held) connectEarly(held, [client])
    else if (this.#given.has(key)) this.#given.get(key)!.early.push(client)
    else client.close()
  }

  /** Lets another app have a port that nobody has asked for here. */
  drop(key: string): void {
    const given = this.#given.get(key)
    this.#given.delete(key)
    if (given) close(given)
    this.#keeper.send({ say: 'dropped', key })
  }

  /** Sends a copy of a port. */
  copy(key: string): void {
    const found = this.#given.get(key) ?? this.#held.get(key)
    if (found) this.#share(found)
  }

  /** Closes what nobody has asked for. */
  settle(): void {
    if (this.#isSettled || this.#isOver) return
    this.#isSettled = true
    for (const handle of this.#pathless.splice(0)) handle.close()
    for (const given of [...this.#given.values()]) void this.#giveUp(given)
  }

  /** Sends what has not been sent yet: a copy cannot be made of what is closed. */
  share(): void {
    for (const port of this.#held.values()) if (!port.isShared) this.#tell(port)
  }

  /** Accepts no more connections, unnoticed, and leaves all ports to the next process. Returns them. */
  leave(): HeldPort[] {
    this.#isOver = true
    for (const handle of this.#pathless.splice(0)) handle.close()
    return Array.from(this.#held.values(), (port) => {
      delete (port.handle as Partial<ListeningHandle>).close
      letGo(port)
      return port
    })
  }

  /** `server` listens: what `listen()` comes to before it binds. `node` is what Node does then. */
  listen(server: ServerInsides, args: ListenArguments, node: Node): void {
    if (this.#isOver || !canBeHeld(server, args)) {
      node(args)
      return
    }
    const name = this.#names.name(args)
    const outdated = this.#takeOutdated(name)
    let found = this.#take(name.key)
    if (!found && name.port !== undefined && this.#mayBeOurs(name.port)) {
      const opened = open(args)
      if (opened === 'EADDRINUSE') {
        this.#taken(server, name, args, node)
        return
      }
      if (typeof opened !== 'string') found = { handle: opened, inode: undefined, isInherited: false, isShared: false }
    }
    if (found) server._handle = found.handle
    node(found ? argumentsFor(found.handle, args) : args)
    const held = this.#hold(server, name, found)
    if (!held) return
    connectEarly(held, found?.early ?? [])
    if (outdated) passOn(outdated, held)
  }

  #take(key: string): Found | undefined {
    const closing = this.#closing.get(key)
    if (closing) {
      this.#closing.delete(key)
      // no copy of it is left by the time that another is sent
      return { ...closing.port, isShared: false }
    }
    const given = this.#given.get(key)
    if (!given) return undefined
    this.#given.delete(key)
    given.handle.ref()
    debug('%s is given to the server that asks for it', key)
    return { ...given, isInherited: true, isShared: true }
  }

  /** The socket of a path whose file was removed: apps do so before they listen, as a killed process leaves it. */
  #takeOutdated({ key, path }: PortName): ListeningHandle | undefined {
    const given = this.#given.get(key)
    if (path === undefined || !given || inodeOf(path) === given.inode) return undefined
    this.#given.delete(key)
    void this.#keeper.ask((id) => ({ say: 'close', key, id }))
    this.#pathless.push(given.handle)
    return given.handle
  }

  #hold(server: ServerInsides, name: PortName, found?: Found): HeldPort | undefined {
    const handle = server._handle
    if (!handle) return undefined
    const inode = found?.inode ?? (name.path === undefined ? undefined : inodeOf(name.path))
    const { isInherited = false, isShared = false } = found ?? {}
    const port: HeldPort = { ...name, inode, server, handle, isInherited, isShared }
    this.#held.set(name.key, port)
    handle.close = (closed) => this.#closed(port, closed)
    // a probe has closed it by then
    setImmediate(() => this.#tell(port))
    return port
  }

  #tell(port: HeldPort): void {
    if (this.#held.get(port.key) !== port) return
    if (!port.isShared) this.#share(port)
    port.isShared = true
    this.#keeper.send({ say: 'listens', key: port.key })
  }

  #share({ key, port, path, inode, handle }: GivenPort | HeldPort): void {
    this.#keeper.send({ say: 'copy', key, port, path, inode }, handle)
  }

  #closed(port: HeldPort, closed: (() => void) | undefined): void {
    delete (port.handle as Partial<ListeningHandle>).close
    // of a path that newer code has taken anew: what the keeper has, or is about to get, is the newer one's
    const isOutdated = this.#held.get(port.key) !== port
    if (!isOutdated) this.#held.delete(port.key)
    if (isOutdated || !port.isShared) closeSparing(port, () => port.handle.close(closed))
    else if (port.isInherited && !this.#isSettled) {
      // a probe, such as those of get-port: what it has found to be free is free for the app
      this.#given.set(port.key, putAside(port))
      if (closed) process.nextTick(closed)
    } else void this.#close(port, closed)
  }

  /** Closes a port when no copy of it is left. Whoever listens on its address before that gets it back. */
  async #close(port: HeldPort, closed?: () => void): Promise<void> {
    const { key, handle, server } = port
    handle.onconnection = (_, client) => client?.close()
    const tell = holdBackClose(server)
    const closing = { port, done: this.#keeper.ask((id) => ({ say: 'close', key, id })) }
    this.#closing.set(key, closing)
    await closing.done
    if (this.#closing.get(key) === closing) {
      this.#closing.delete(key)
      closeForGood(port, closed)
    } else closed?.()
    tell()
  }

  async #giveUp(given: GivenPort): Promise<void> {
    const { key } = given
    debug('nobody has asked for %s', key)
    this.#given.delete(key)
    await this.#keeper.ask((id) => ({ say: 'close', key, id }))
    close(given)
  }

  #mayBeOurs(port: number): boolean {
    return this.hasOthers || this.#ours(port).length > 0 || this.#leaving(port).length > 0
  }

  #ours(port: number): GivenPort[] {
    return [...this.#given.values()].filter((given) => given.port === port)
  }

  #leaving(port: number): { port: HeldPort; done: Promise<void> }[] {
    return [...this.#closing.values()].filter((closing) => closing.port.port === port)
  }

  /**
   * Something that we hold may be why the port is taken. If it is for this app it is granted at once, as it would be free if the last
   * process had ended: a probe closes it again, and everything stays as it is. A server that stays gets the address in a moment.
   */
  #taken(server: ServerInsides, name: PortName, args: ListenArguments, node: Node): void {
    const [, port] = args
    const own = this.#ours(port)[0]?.handle ?? this.#leaving(port)[0]?.port.handle
    if (!own) {
      void this.#keeper
        .ask((id) => ({ say: 'taken', port, id }))
        .then(() => {
          if (server._handle) return
          node(args)
          this.#hold(server, name)
        })
      return
    }
    const [inert, full] = standInElsewhere(own, args)
    server._handle = inert
    node(full)
    setTimeout(() => void this.place(server, inert, args, node), PROBE)
  }

  /** A server that was granted an address by means of `inert` gets it, unless it was closed meanwhile: all that we hold of the port is closed. */
  async place(server: ServerInsides, inert: ListeningHandle, args: ListenArguments, node: Node): Promise<void> {
    const [, port] = args
    const isThere = () => server._handle === inert && !this.#isOver
    if (!isThere()) return
    await Promise.all([
      ...this.#ours(port).map((given) => this.#giveUp(given)),
      ...this.#leaving(port).map(({ done }) => done),
    ])
    if (!isThere()) return
    bindInPlace(server, inert, args, node)
    this.#hold(server, this.#names.name(args))
  }

  /** `handle` is another server's from now on. */
  moved(handle: ListeningHandle, server: ServerInsides): void {
    for (const port of this.#held.values()) if (port.handle === handle) port.server = server
  }
}

function close(given: GivenPort): void {
  for (const client of given.early) client.close()
  closeForGood(given)
}
