/**
 * Keeps the promise of PROTOCOL.md: every message once and in order, over as many links as it takes. Knows no socket, no role and
 * no function. `opening-server` and `opening-runner` open its links: they prove who is who, and decide if a session is resumed.
 */

import { TetherError } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { Attachment } from './attachment.ts'
import { decodeLive, encode, encodeMessage } from './codec.ts'
import type { Limits } from './limits.ts'
import { clip, IGNORE, type Link } from './link.ts'
import { Outbox, type OutboxItem, type SendOptions } from './outbox.ts'
import { CLOSE, type LiveFrame, type MsgFrame, type ResyncFrame } from './protocol.ts'

/** The end of a link, for log lines and for the decision when to try again. */
export interface Detach {
  code: number
  text: string
  /** Milliseconds for which the link was attached. */
  lived: number
  /** `true` if a message was taken or acknowledged on the link. */
  moved: boolean
}

export interface SessionOptions {
  clock: Clock
  limits: Limits
  /** When an event does not fit into the outbox: `refuse` lets `send` throw, `resync` replaces the whole outbox by one resync. */
  full: 'refuse' | 'resync'
  /** Takes one message. Throwing `ERR_PROTOCOL` refuses it and ends the link. */
  deliver(message: unknown): void
  /** Messages were dropped: own ones (`full: 'resync'`) or the other side's. Called before any further message. */
  resync(reason: string): void
  /** The link is gone. Not called after the end of the session. */
  detached(why: Detach): void
  /** The other side has acknowledged one or more messages. */
  acknowledged?(): void
  /** The other side does not answer pings (`true`), or answers again (`false`). Without this function it is not asked. */
  silence?: ((isSilent: boolean) => void) | undefined
  /** The other side ended the session. */
  bye(code: number, text: string): void
}

/** One end of a session. */
export class Session {
  readonly outbox: Outbox
  readonly #options: SessionOptions
  #attachment: Attachment | undefined
  #recv = 0
  /** Greatest message the other side takes, in bytes. */
  #max: number
  #ended = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.outbox = new Outbox(options.limits)
    this.#max = options.limits.message
  }

  /** Number of the last message taken. */
  get recv(): number {
    return this.#recv
  }

  get attached(): boolean {
    return this.#attachment !== undefined
  }

  /**
   * Numbers and keeps a message (JSON text), and writes it as soon as there is a link with room.
   * Throws `ERR_TOO_LARGE`, and `ERR_BACKPRESSURE` where `full` is `'refuse'`.
   */
  send(json: string, options: SendOptions): void {
    const { limits, full } = this.#options
    const bytes = Buffer.byteLength(json)
    const max = Math.min(this.#max, limits.message)
    if (bytes > max) throw new TetherError('ERR_TOO_LARGE', `a message may have ${max} bytes, this one has ${bytes}`)
    if (this.outbox.fits(bytes, options.event, full === 'resync' && !this.attached)) {
      this.outbox.push(json, bytes, options)
    } else if (full === 'resync') {
      this.outbox.replace('overflow')
      this.#options.resync('overflow')
    } else {
      const why = this.attached ? 'does not take them fast enough' : 'is away'
      throw new TetherError(
        'ERR_BACKPRESSURE',
        `${this.outbox.size} messages (${this.outbox.bytes} bytes) wait for the other side, which ${why}; at most ${limits.outboxCount} events and ${limits.outboxBytes} bytes of them may wait: send less, or again later`,
      )
    }
    this.#pump()
  }

  /** Numbers from 1 again, for a session that replaces this one; keeps the messages that are marked `again`. */
  restart(): void {
    this.#recv = 0
    this.outbox.restart()
  }

  /**
   * Continues on a link whose opening is done. `recv` is the number of the last message that the other side has taken (the caller
   * has checked it with `outbox.canAck`), `max` the greatest message it takes, in bytes. A former link is superseded.
   */
  attach(link: Link, recv: number, max: number): void {
    this.supersede()
    const { clock, limits } = this.#options
    this.#attachment = new Attachment({
      clock,
      limits,
      link,
      frame: (text) => this.#receive(text),
      ack: () => this.#ack(),
      drained: () => this.#pump(),
      silence: this.#options.silence,
      over: (code, text, how) => {
        this.#detach(code, text)
        if (how === 'destroy') link.terminate()
      },
    })
    this.#max = max
    this.outbox.rewind()
    this.#acked(recv)
    this.#pump()
  }

  /** Closes the present link, if there is one, because a newer one takes over. `detached` is called. */
  supersede(): void {
    this.#close(CLOSE.SUPERSEDED, 'a newer link of the same session took over')
  }

  /** Ends the session: says `bye` if there is a link. Nothing is sent or taken afterwards. Resolves when the link is closed. */
  async end(code: number, text: string): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    const link = this.#attachment?.link
    if (!link) return
    link.send(encode({ t: 'bye', code, text: clip(text) }))
    this.#leave()
    await new Promise<void>((resolve) => {
      link.handlers = { ...IGNORE, closed: () => resolve() }
      link.close(code, text)
    })
  }

  #receive(text: string | undefined): void {
    try {
      this.#take(decodeLive(text, this.#options.limits), text!.length)
    } catch (error) {
      if (!(error instanceof TetherError) || error.code !== 'ERR_PROTOCOL') throw error
      this.#close(CLOSE.PROTOCOL, error.message)
    }
  }

  #take(frame: LiveFrame, bytes: number): void {
    switch (frame.t) {
      case 'ping':
        this.#attachment!.write(encode({ t: 'pong', n: frame.n }))
        break
      case 'pong':
        break
      case 'ack':
        this.#acked(frame.a)
        break
      case 'bye':
        this.#bye(frame.code, frame.text)
        break
      case 'msg':
      case 'resync':
        this.#acked(frame.a)
        this.#takeNumbered(frame, bytes)
        break
      default:
        frame satisfies never
    }
  }

  #takeNumbered(frame: MsgFrame | ResyncFrame, bytes: number): void {
    const next = this.#recv + 1
    if (frame.s < next) {
      // a duplicate: its acknowledgement was lost
      this.#ack()
      return
    }
    if (frame.t === 'resync') {
      if (this.#options.full === 'resync') throw bad(`"resync" is a server's word, received it from a runner`)
      this.#options.resync(frame.reason)
    } else {
      if (frame.s > next) throw bad(`expected message ${next}, received message ${frame.s}`)
      this.#options.deliver(frame.d)
    }
    this.#recv = frame.s
    const attachment = this.#attachment
    if (!attachment) return
    attachment.moved = true
    attachment.acks.took(bytes)
  }

  #acked(seq: number): void {
    const { outbox } = this
    if (seq > outbox.written) throw bad(`message ${seq} is acknowledged, the last one written is ${outbox.written}`)
    if (seq <= outbox.acked) return
    outbox.ack(seq)
    if (this.#attachment) this.#attachment.moved = true
    this.#options.acknowledged?.()
  }

  #bye(code: number, text: string): void {
    // the server's process ends, and its end of the session with it; this end waits for the next server process
    if (code === CLOSE.AWAY) {
      this.#close(code, text)
      return
    }
    this.#ended = true
    const link = this.#attachment?.link
    this.#leave()
    link?.close(CLOSE.NORMAL, '')
    this.#options.bye(code, text)
  }

  #ack(): void {
    this.#attachment?.write(encode({ t: 'ack', a: this.#recv }))
    this.#attachment?.acks.sent()
  }

  /** Writes as much as the socket may hold. */
  #pump(): void {
    for (let item = this.outbox.peek(); item && this.#attachment?.hasRoom(item.bytes); item = this.outbox.peek()) {
      this.outbox.advance()
      this.#attachment.write(this.#encode(item))
      this.#attachment?.acks.sent()
    }
  }

  #encode({ kind, seq, text }: OutboxItem): string {
    if (kind === 'message') return encodeMessage(seq, this.#recv, text)
    return encode({ t: 'resync', s: seq, a: this.#recv, reason: text })
  }

  #close(code: number, text: string): void {
    const link = this.#attachment?.link
    if (!link) return
    this.#detach(code, text)
    link.close(code, text)
  }

  #detach(code: number, text: string): void {
    const { lived, moved } = this.#attachment!
    this.#leave()
    this.#options.detached({ code, text, lived, moved })
  }

  #leave(): void {
    this.#attachment?.leave()
    this.#attachment = undefined
  }
}

function bad(problem: string): TetherError {
  return new TetherError('ERR_PROTOCOL', problem)
}
