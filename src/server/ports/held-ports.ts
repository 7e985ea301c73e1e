/**
 * The ports of one app, over its processes: each has a copy of the port's socket here, so that the system goes on taking
 * connections while one process ends and the next one starts, which gets them before code of the app runs.
 */
import type { ChildProcess } from 'node:child_process'
import { createDebug } from 'obug'
import { type Failure, type FromApp, isClosed, type NodeHandle, type PortName } from '../../shared/ports.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'
import { answerInPlace, type StandIn } from './answer-in-place.ts'
import { ProcessPorts } from './process-ports.ts'

const debug = createDebug('vite-tether:ports')

/** Milliseconds that a client may wait for a process that starts, before it is told so. */
const PATIENCE = 30_000

/** All that there are in this process: a port may move from one app to another. */
const all = new Set<HeldPorts>()

/** A port. */
interface HeldPort extends PortName {
  handle: NodeHandle
  /** The app's current process listens on it. */
  isAsked: boolean
  /** Answers while the app does not. */
  standIn?: StandIn | undefined
}

/** The owner of the ports, for what there is to tell. */
export interface PortsHost {
  /** Names the app to whoever asks it in vain. */
  name: string
  /** The app has ports of its own after all, which close with its process. */
  unable(reason: string): void
  /** The current process ends with an error. */
  failed(failure: Failure): void
}

/** The ports of an app. */
export class HeldPorts {
  readonly #host: PortsHost
  readonly #clock: Clock
  readonly #ports = new Map<string, HeldPort>()
  /** Connections that the last process had, until the current one has taken them. */
  #connections: { key: string; client: NodeHandle }[] = []
  /** Why there is no process. */
  #outage: string | undefined
  #current: ProcessPorts | undefined
  /** The crash report of the last process. */
  #failure: string | undefined
  #cancelPatience: (() => void) | undefined

  constructor(host: PortsHost, clock: Clock = systemClock) {
    this.#host = host
    this.#clock = clock
  }

  /** The ports and paths on which the current process listens. */
  get open(): (number | string)[] {
    const asked = [...this.#ports.values()].filter(({ isAsked }) => isAsked)
    return asked.flatMap(({ port, path, handle }) => path ?? port ?? numberOf(handle) ?? [])
  }

  /** A process of the app was spawned, with a channel. */
  join(child: ChildProcess): ProcessPorts {
    const process: ProcessPorts = new ProcessPorts(child, {
      turn: () => this.#turn(process),
      leaving: () => {
        for (const port of this.#ports.values()) port.isAsked = false
      },
      heard: (message, handle) => this.#heard(process, message, handle),
      isListening: () => process === this.#current && [...this.#ports.values()].some(({ isAsked }) => isAsked),
    })
    return process
  }

  /** There is no process, and none is about to be: clients are told why. */
  down(reason: string): void {
    this.#outage = reason
    this.#noneAsks()
    for (const port of this.#ports.values()) this.#answer(port, reason)
  }

  /** The app has no process any more, and nothing waits for it. */
  release(): void {
    all.delete(this)
    this.#current = undefined
    this.#noneAsks()
    for (const key of [...this.#ports.keys()]) this.#close(key)
    this.#take(() => true)
  }

  /** No process listens by now. */
  #noneAsks(): void {
    this.#cancelPatience?.()
    for (const port of this.#ports.values()) port.isAsked = false
  }

  /** It is the turn of `process`, which can be given what its predecessor has left. */
  async #turn(process: ProcessPorts): Promise<void> {
    all.add(this)
    this.#noneAsks()
    this.#current = process
    this.#outage = undefined
    this.#failure = undefined
    this.#cancelPatience = this.#clock.after(PATIENCE, () => this.#late())
    // one that has begun without us sends its own copies right behind its hello: given back, they would be closed as not asked for
    const left = [...this.#ports.values()]
    await process.hello
    if (process !== this.#current) return
    for (const { key, handle, ...port } of left) {
      if (this.#ports.get(key)?.handle !== handle) continue
      await process.send({ say: 'give', key, port: port.port, path: port.path, inode: port.inode }, handle)
      // this copy accepts connections: the next one is to wait with them until the app does
      if (port.standIn) void process.send({ say: 'want', key })
    }
    for (const { key, client } of [...this.#connections]) {
      if (!isClosed(client)) await process.send({ say: 'connection', key }, client)
    }
    void process.send({ say: 'go', others: all.size > 1 })
  }

  #late(): void {
    for (const port of this.#ports.values()) {
      if (!port.isAsked) this.#answer(port, `starts, but has not opened its port for ${PATIENCE / 1000} s`)
    }
  }

  #answer(port: HeldPort, reason: string): void {
    if (port.standIn) return
    debug('%s: answering in place of %s: %s', port.key, this.#host.name, reason)
    const standIn = answerInPlace(port.handle, () => ({ name: this.#host.name, reason, details: this.#failure }))
    port.standIn = standIn
    this.#take(({ key }) => key === port.key, standIn.connect)
  }

  #heard(process: ProcessPorts, message: FromApp, handle: NodeHandle | undefined): void {
    if (message.say === 'unable') {
      this.release()
      this.#host.unable(message.reason)
    } else if (process !== this.#current) {
      // its successor has the ports
      handle?.close()
      if ('id' in message) void process.send({ say: 'done', id: message.id })
    } else if (message.say === 'copy') {
      if (handle) this.#keep(message, handle)
    } else if (message.say === 'connection') {
      if (handle) this.#connections.push({ key: message.key, client: handle })
    } else if (message.say === 'listens') this.#listens(process, message.key)
    else if (message.say === 'close') {
      this.#close(message.key)
      void process.send({ say: 'done', id: message.id })
    } else if (message.say === 'taken') {
      const others = [...all].filter((other) => other !== this)
      void Promise.all(others.map((other) => other.#yield(message.port))).then(() =>
        process.send({ say: 'done', id: message.id }),
      )
    } else if (message.say === 'failure') {
      this.#failure = message.text
      this.#host.failed({ text: message.text, error: message.error })
    }
  }

  #keep({ key, port, path, inode }: PortName, handle: NodeHandle): void {
    const last = this.#ports.get(key)
    const held: HeldPort = { key, port, path, inode, handle, isAsked: last?.isAsked ?? false }
    this.#ports.set(key, held)
    if (last) closeCopy(last)
    // a process may end before all that it has sent is read
    if (this.#outage !== undefined) this.#answer(held, this.#outage)
  }

  #listens(process: ProcessPorts, key: string): void {
    const port = this.#ports.get(key)
    if (!port || this.#outage !== undefined) return
    debug('%s: %s listens', key, this.#host.name)
    port.isAsked = true
    // the process has them: another copy would hide from clients that it closes one
    this.#take((connection) => connection.key === key)
    // it is late: clients are told that it starts
    if (port.standIn) void process.send({ say: 'want', key })
  }

  #close(key: string): void {
    const port = this.#ports.get(key)
    if (!port) return
    this.#ports.delete(key)
    closeCopy(port)
    this.#take((connection) => connection.key === key)
  }

  /** Connections that need not be kept here any more. */
  #take(isMeant: (connection: { key: string }) => boolean, use = (client: NodeHandle) => client.close()): void {
    const meant = this.#connections.filter(isMeant)
    this.#connections = this.#connections.filter((each) => !meant.includes(each))
    for (const { client } of meant) use(client)
  }

  /** Another app wants a port, and this one may have no use for it any more. */
  async #yield(number: number): Promise<void> {
    for (const { key, port, isAsked } of [...this.#ports.values()]) {
      if (port !== number || isAsked) continue
      this.#close(key)
      await this.#current?.drop(key)
    }
  }
}

/** The number of a port that was chosen by the system. */
function numberOf(handle: NodeHandle): number | undefined {
  const address: { port?: number } = {}
  handle.getsockname?.(address)
  return address.port
}

function closeCopy({ handle, standIn }: HeldPort): void {
  if (standIn) standIn.close()
  else handle.close()
}
