/**
 * The app process' end of the channel: messages and sockets to and from the process that has started it, in Node's own words for
 * them, so that its other end is the public `subprocess.send()`. It keeps nobody alive unless asked to.
 */
import { Socket } from 'node:net'
import { type FromApp, isClosed, type NodeHandle, type ToApp } from '../../shared/ports.ts'
import type { IpcPipe } from './ipc-pipe.ts'

/** A message of Node's own about a socket that travels. */
interface Envelope {
  cmd: 'NODE_HANDLE' | 'NODE_HANDLE_ACK' | 'NODE_HANDLE_NACK'
  type?: 'net.Native'
  msg?: unknown
}

interface Outgoing {
  message: FromApp
  handle: NodeHandle | undefined
  /** It has arrived, or is not going to. */
  gone: (() => void) | undefined
}

/** The owner of a channel, who hears its messages. */
export interface PortChannelListener {
  message(message: ToApp, handle: NodeHandle | undefined): void
  /** The other end is gone. */
  closed(): void
}

/** The channel. */
export class PortChannel {
  readonly #pipe: IpcPipe
  readonly #socket: Socket
  readonly #listener: PortChannelListener
  readonly #queue: Outgoing[] = []
  readonly #replies: Envelope[] = []
  readonly #waiting = new Map<number, () => void>()
  #lastId = 0
  #holders = 0
  #isWriting = false
  #isClosed = false
  /** A socket is on its way, and nobody has said yet that it has arrived. */
  #travelling: Outgoing | undefined
  /** The socket that goes with the next write. */
  #outgoing: NodeHandle | undefined
  #arrived: NodeHandle | undefined
  #rest = ''

  constructor(pipe: IpcPipe, listener: PortChannelListener) {
    this.#pipe = pipe
    this.#listener = listener
    this.#socket = new Socket({ handle: pipe, readable: true, writable: true } as object)
    const write = (Object.getPrototypeOf(pipe) as IpcPipe).writeUtf8String
    pipe.writeUtf8String = (request, text) => {
      const handle = this.#outgoing
      this.#outgoing = undefined
      const result = write.call(pipe, request, text, handle as NodeHandle)
      // Node before 26, which has no request where the write is done at once, leaves the socket that was sent here, and looks
      // for the stream of the write in it afterwards
      if (handle && request) request.handle = pipe
      return result
    }
    this.#socket.setEncoding('utf8')
    this.#socket.on('data', (chunk: string) => this.#read(chunk))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#close())
    this.#socket.unref()
  }

  /** Sends a message, and a copy of a socket with it: one that is closed before its turn comes is left out with its message. */
  send(message: FromApp, handle?: NodeHandle, gone?: () => void): void {
    if (this.#isClosed) {
      gone?.()
      return
    }
    this.#queue.push({ message, handle, gone })
    this.#pump()
  }

  /** Sends what `message` makes of an id, and resolves when that is answered, or when the other end is gone. Keeps the process alive. */
  async ask(message: (id: number) => FromApp): Promise<void> {
    const id = ++this.#lastId
    this.ref()
    await new Promise<void>((resolve) => {
      if (this.#isClosed) return resolve()
      this.#waiting.set(id, resolve)
      this.send(message(id))
    })
    this.unref()
  }

  /** Something that was sent has not arrived yet. */
  get isSending(): boolean {
    return this.#queue.length > 0 || this.#travelling !== undefined
  }

  /** Resolves when everything that was sent so far has arrived. */
  sent(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isSending) resolve()
      else
        (this.#queue.at(-1) ?? this.#travelling)!.gone = chain((this.#queue.at(-1) ?? this.#travelling)!.gone, resolve)
    })
  }

  /** Keeps the process alive until {@link unref} was called as often. */
  ref(): void {
    if (this.#holders++ === 0) this.#socket.ref()
  }

  unref(): void {
    if (--this.#holders === 0) this.#socket.unref()
  }

  /** Writes `message` now, past the queue, as far as the system takes it at once: for a process that ends. */
  lastWord(message: FromApp): void {
    if (!this.#isClosed && !this.#isWriting) this.#write(message, undefined)
  }

  /** One write at a time: a socket travels with the write that it was set for, and a write of several pieces carries none. */
  #pump(): void {
    if (this.#isWriting || this.#isClosed) return
    const reply = this.#replies.shift()
    if (reply) {
      this.#write(reply, undefined)
      return
    }
    if (this.#travelling) return
    const next = this.#queue.shift()
    if (!next) return
    const { message, handle, gone } = next
    if (!handle) {
      this.#write(message, undefined)
      gone?.()
    } else if (isClosed(handle)) {
      // a closed one cannot be sent, and trying to would break the channel
      gone?.()
      this.#pump()
    } else {
      this.#travelling = next
      this.#write({ cmd: 'NODE_HANDLE', type: 'net.Native', msg: message }, handle)
    }
  }

  #write(message: FromApp | Envelope, handle: NodeHandle | undefined): void {
    this.#isWriting = true
    this.#outgoing = handle
    this.#socket.write(`${JSON.stringify(message)}\n`, 'utf8', () => {
      this.#isWriting = false
      this.#pump()
    })
  }

  #read(chunk: string): void {
    if (this.#pipe.pendingHandle) {
      this.#arrived = this.#pipe.pendingHandle
      this.#pipe.pendingHandle = null
    }
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#take(JSON.parse(line) as ToApp | Envelope)
  }

  #take(message: ToApp | Envelope): void {
    if ('say' in message) {
      if (message.say === 'done') this.#answered(message.id)
      else this.#listener.message(message, undefined)
      return
    }
    if (message.cmd === 'NODE_HANDLE') {
      const handle = this.#arrived
      this.#arrived = undefined
      this.#replies.push({ cmd: handle ? 'NODE_HANDLE_ACK' : 'NODE_HANDLE_NACK' })
      this.#pump()
      if (handle) this.#listener.message(message.msg as ToApp, handle)
      return
    }
    const arrived = this.#travelling
    this.#travelling = undefined
    arrived?.gone?.()
    this.#pump()
  }

  #answered(id: number): void {
    this.#waiting.get(id)?.()
    this.#waiting.delete(id)
  }

  #close(): void {
    this.#isClosed = true
    for (const { gone } of [this.#travelling, ...this.#queue.splice(0)].filter((each) => each !== undefined)) gone?.()
    for (const id of [...this.#waiting.keys()]) this.#answered(id)
    this.#listener.closed()
  }
}

function chain(first: (() => void) | undefined, then: () => void): () => void {
  return () => {
    first?.()
    then()
  }
}
