/**
 * A `listen` of newer code takes over the port that a server of the replaced code has: the rules. `takeover-update` applies them to
 * the steps of an update.
 */
import { createDebug } from 'obug'
import { Answering } from './answering.ts'
import {
  argumentsFor,
  bindInPlace,
  canBeHeld,
  isMaybeProbe,
  type ListenArguments,
  type PortsBelow,
  type ServerInsides,
  standIn,
  standInElsewhere,
} from './listening.ts'
import { closeSparing, inodeOf } from './port-names.ts'
import { Retirement } from './retirement.ts'
import { type Candidate, PASSED_ON, type PortUpdate, ServedPort } from './served-port.ts'
import { ServedPorts } from './served-ports.ts'
import type { ServerHooks } from './server-methods.ts'
import { ServerOrigins } from './server-origins.ts'

const debug = createDebug('vite-tether:ports')

/** Milliseconds after which a server that has come outside of an update is not taken for a probe. */
const PROBE = 100
/** Milliseconds after a start or an update in which code that was started without being awaited may listen. */
const PATIENCE = 2000

type Node = (args: ListenArguments) => void

/** All ports on which servers of this process listen. */
export class Takeover implements ServerHooks {
  readonly origins = new ServerOrigins()
  readonly answering = new Answering()
  readonly updates = new Set<PortUpdate>()
  readonly #retirement = new Retirement(this.answering)
  readonly #ports = new ServedPorts()
  /** Also of servers that have had the port. */
  readonly #portOf = new WeakMap<ServerInsides, ServedPort>()
  /** Nothing is bound yet for these: others are asked to let go first. */
  readonly #asking = new WeakMap<ServerInsides, ListenArguments>()
  /** The number of times that code has run of late: the start, and each update. */
  #runs = 1
  #settling: NodeJS.Timeout | undefined
  below: PortsBelow | undefined

  /** The ports that are open. */
  ports(): ServedPort[] {
    return this.#ports.open()
  }

  /** Servers that had the port of `server` before it, and still have connections. */
  retiredOf(server: ServerInsides): ServerInsides[] {
    return [...(this.#portOf.get(server)?.retired ?? [])]
  }

  gotListener(server: ServerInsides): void {
    this.origins.made(server)
  }

  calledListen(server: ServerInsides): () => void {
    this.origins.listens(server)
    const undo = [...this.updates].map((update) => update.begins(server))
    return () => {
      for (const each of undo) each()
    }
  }

  receiver(server: ServerInsides, event: string | symbol): ServerInsides {
    return (PASSED_ON.has(event) && this.#portOf.get(server)?.server) || server
  }

  keepsIdle(server: ServerInsides): boolean {
    const port = this.#portOf.get(server)
    return this.#retirement.has(server) || (port?.server === server && port.isWaiting)
  }

  emit(server: ServerInsides, event: string | symbol, args: unknown[], node: () => boolean): boolean {
    const port = this.#portOf.get(server)
    if (port && PASSED_ON.has(event)) return port.emit(server, event, args, node)
    if (event === 'close') return this.#retirement.closes(server, port, node)
    if (event === 'error' && [...this.updates].some((update) => update.takesError(server, args[0] as Error)))
      return true
    if (event === 'listening' && this.#asking.has(server)) this.#record(server, this.#asking.get(server)!)
    return node()
  }

  /** `server` listens: what `listen()` comes to before it binds. `node` is what Node, or whoever holds ports, does then. */
  listen(server: ServerInsides, args: ListenArguments, node: Node): void {
    if (!canBeHeld(server, args)) {
      node(args)
      return
    }
    // servers of the process that a runner is a guest in ask for nothing that is the runner's
    const isConcerned = this.origins.concerns(server)
    const port = isConcerned ? this.#ports.at(args) : undefined
    const rival = isConcerned && !port ? this.#ports.rivalOf(args) : undefined
    if (port?.mayBeTaken) this.#grant(port, server, args, node)
    else if (rival) this.#grantElsewhere(rival, server, args, node)
    else {
      node(args)
      if (server._handle) this.#record(server, args)
      else this.#asking.set(server, args)
    }
  }

  close(server: ServerInsides, node: () => void): void {
    for (const update of this.updates) update.forgets(server)
    const port = this.#portOf.get(server)
    const asked = this.ports().find(({ candidate }) => candidate?.server === server)
    if (asked) {
      asked.candidate = undefined
      asked.taken--
      node()
    } else if (port?.server !== server || port.isVacant || !server._handle) node()
    else if (port.isWaiting) {
      port.vacate()
      node()
      this.#retirement.end(server)
    } else if ((port.previous || port.isTrial) && !port.isOrphan) this.#goBack(port, node)
    else this.#close(port, node)
  }

  /** Code is about to run again. */
  run(): void {
    clearTimeout(this.#settling)
    this.#runs++
  }

  /** Code has run: what it has started without waiting for it may listen for a while. */
  settleSoon(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.#settle(), PATIENCE)
    this.#settling.unref()
  }

  /** The server that was granted the port gets it. `false` if there is none any more. */
  install(port: ServedPort): boolean {
    const { candidate } = port
    if (!candidate) return false
    port.candidate = undefined
    const { server, inert, elsewhere } = candidate
    if (server._handle !== inert) return false
    const { server: before } = port
    if (elsewhere) this.#move(port, server, inert, elsewhere)
    else this.#pass(port, server)
    this.#retirement.revive(server)
    if (port.previous) this.#retire(port, port.previous)
    port.previous = undefined
    port.origin = candidate.origin
    this.#portOf.set(server, port)
    if (before !== server) {
      if (port.isOrphan || elsewhere || !before._handle) this.#retire(port, before)
      else port.previous = before
    }
    port.isOrphan = false
    port.isTrial = !candidate.update
    return true
  }

  /** The update that has closed the server has failed: it listens as before. */
  refill(port: ServedPort): void {
    port.refill()
    this.#retirement.revive(port.server)
  }

  /** Closes the port, whose server was replaced by none. */
  closePort(port: ServedPort): void {
    const { server } = port
    debug('no newer server has asked for the port %j', port.asked)
    port.dropWaiting()
    const vacant = port.giveUp()
    this.#ports.delete(port)
    const end = () => (vacant ? vacant.close() : this.#close(port, () => this.#retirement.shut(server)))
    closeSparing(port, end)
    this.#retirement.end(server)
    this.#retirement.closeIdle([server, ...port.retired])
  }

  #grant(port: ServedPort, server: ServerInsides, args: ListenArguments, node: Node): void {
    const handle = port.handle!
    const inert = standIn(handle)
    server._handle = inert
    node(argumentsFor(handle, args))
    this.#nominate(port, { server, inert })
  }

  #grantElsewhere(port: ServedPort, server: ServerInsides, args: ListenArguments, node: Node): void {
    const [inert, full] = standInElsewhere(port.handle!, args)
    server._handle = inert
    node(full)
    this.#nominate(port, { server, inert, elsewhere: { args, node } })
  }

  #nominate(port: ServedPort, given: Pick<Candidate, 'server' | 'inert' | 'elsewhere'>): void {
    const [update] = this.updates
    const late = port.candidate
    port.candidate = { ...given, origin: this.origins.get(given.server), update }
    port.taken++
    // one that code has started which was replaced before it listened
    if (late) this.#retire(port, late.server)
    if (update) return
    const admit = () => {
      if (port.candidate?.server !== given.server || this.updates.size > 0) return
      const answer = port.unpause()
      this.install(port)
      process.nextTick(answer)
    }
    // nobody answers while new code starts: clients are not to wait for longer than it takes, and not to be answered by a probe
    if (port.isOrphan && !isMaybeProbe(given.server)) setImmediate(admit)
    else setTimeout(admit, PROBE)
  }

  #record(server: ServerInsides, asked: ListenArguments): void {
    this.#asking.delete(server)
    const [update] = this.updates
    const port = new ServedPort(this.answering, {
      asked,
      server,
      origin: this.origins.get(server),
      runs: this.origins.concerns(server) ? this.#runs : 1,
      inode: asked[1] < 0 ? inodeOf(asked[0]!) : undefined,
      update,
    })
    this.#ports.add(port)
    this.#portOf.set(server, port)
    this.#retirement.revive(server)
  }

  #pass(port: ServedPort, server: ServerInsides): void {
    const handle = port.pass(server)
    this.below?.moved(handle, server)
  }

  /** A probe, such as those of get-port: the port goes back to the server that has had it, or waits for one. */
  #goBack(port: ServedPort, node: () => void): void {
    const { server, previous } = port
    port.taken--
    port.isTrial = false
    if (previous) {
      port.previous = undefined
      this.#pass(port, previous)
      port.origin = this.origins.get(previous)
      node()
      return
    }
    port.isOrphan = true
    port.pause(PATIENCE)
    port.vacate()
    node()
    this.#retirement.end(server)
  }

  #close(port: ServedPort, node: () => void): void {
    this.#ports.delete(port)
    port.dropWaiting()
    node()
    this.#retirement.closeIdle(port.retired)
  }

  /** `server` asks for the port at another address: the old one is closed first. */
  #move(
    port: ServedPort,
    server: ServerInsides,
    inert: Candidate['inert'],
    { args, node }: NonNullable<Candidate['elsewhere']>,
  ): void {
    const before = port.server
    const vacant = port.giveUp()
    port.server = server
    port.asked = args
    if (vacant) vacant.close()
    else this.#retirement.shut(before)
    if (this.below) void this.below.place(server, inert, args, node)
    else bindInPlace(server, inert, args, node)
  }

  #retire(port: ServedPort, server: ServerInsides): void {
    // one that the app has closed may be gone by now
    if (!this.#retirement.isGone(server)) port.retired.add(server)
    this.#portOf.set(server, port)
    this.#retirement.shut(server)
    this.#retirement.end(server)
  }

  /** Late code has had its time: what is there stays, and what nobody has asked for is closed. */
  #settle(): void {
    if (this.updates.size > 0) return
    this.#runs = 0
    for (const port of this.ports()) {
      const previous = port.settle()
      if (previous) this.#retire(port, previous)
      if (port.isOrphan && !port.candidate) this.closePort(port)
    }
  }
}
