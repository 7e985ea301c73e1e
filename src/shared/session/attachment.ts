/**
 * What lives as long as one link of a session: its heartbeat, its acknowledgement clock, and the watch over bytes that do not leave.
 */

import type { Clock } from '../util/clock.ts'
import { type Acks, createAcks } from './acks.ts'
import { encode } from './codec.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import type { Limits } from './limits.ts'
import { IGNORE, type Link } from './link.ts'
import { createProbe, type Probe } from './probe.ts'
import { CLOSE } from './protocol.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

export interface AttachmentOptions {
  clock: Clock
  limits: Limits
  link: Link
  /** One frame came; `undefined` for a binary one. */
  frame(text: string | undefined): void
  /** A bare acknowledgement is due. */
  ack(): void
  /** Bytes have left: there may be room for more. */
  drained(): void
  /** The other side does not answer, or does so again; absent: it is not asked. */
  silence?: ((isSilent: boolean) => void) | undefined
  /** The link ended, or must end with `code`: `destroy` where a polite close would not be heard. */
  over(code: number, text: string, how: 'gone' | 'destroy'): void
}

export class Attachment {
  readonly link: Link
  readonly acks: Acks
  /** Whether a message was taken or acknowledged on this link. */
  moved = false
  readonly #options: AttachmentOptions
  readonly #since: number
  readonly #heartbeat: Heartbeat
  readonly #probe: Probe | undefined
  #stall: Watchdog | undefined

  constructor(options: AttachmentOptions) {
    const { clock, limits, link, over } = options
    this.#options = options
    this.link = link
    this.#since = clock.now()
    this.acks = createAcks(clock, limits, options.ack)
    const ping = () => this.write(encode({ t: 'ping', n: Math.trunc(clock.now()) }))
    this.#probe = options.silence && createProbe({ clock, limits, ping, silence: options.silence })
    this.#heartbeat = createHeartbeat({
      clock,
      limits,
      ping,
      dead: () => over(CLOSE.TIMEOUT, `nothing received for ${limits.deadAfter} ms`, 'destroy'),
    })
    link.handlers = {
      message: options.frame,
      heard: () => {
        this.#heartbeat.heard()
        this.#probe?.heard()
      },
      drained: () => {
        this.#stall?.feed()
        options.drained()
        this.#watch()
      },
      closed: (code, text) => over(code, text, 'gone'),
    }
  }

  /** How long it has lived, in milliseconds. */
  get lived(): number {
    return this.#options.clock.now() - this.#since
  }

  /** Whether a frame of `bytes` may be written now. One that is too large for any room is written when nothing waits. */
  hasRoom(bytes: number): boolean {
    const { buffered } = this.link
    return buffered === 0 || buffered + bytes < this.#options.limits.buffered
  }

  /** Writes a frame, whether there is room or not. */
  write(text: string): void {
    this.#heartbeat.sent()
    this.link.send(text)
    this.#watch()
  }

  /** Nothing of this link is heard or timed from here on; it is for the caller to close it. */
  leave(): void {
    this.link.handlers = IGNORE
    this.#heartbeat.stop()
    this.#probe?.stop()
    this.acks.stop()
    this.#stall?.stop()
  }

  /** Bytes that wait must make progress: judged by what leaves, never by how much there is. */
  #watch(): void {
    if (this.link.buffered === 0) {
      this.#stall?.stop()
      this.#stall = undefined
      return
    }
    const { clock, limits, over } = this.#options
    this.#stall ??= createWatchdog({
      clock,
      ms: limits.stall,
      late: limits.late,
      expired: () => over(CLOSE.TIMEOUT, `nothing of what waits has left for ${limits.stall} ms`, 'destroy'),
    })
  }
}
