/**
 * The part of a session that lives as long as one link: heartbeat, timer of acknowledgements, and the watch over bytes that do
 * not leave the socket.
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
  /** A frame came in; `undefined` stands for a binary one. */
  frame(text: string | undefined): void
  /** A bare acknowledgement is due. */
  ack(): void
  /** Bytes have left the socket: there may be room for more. */
  drained(): void
  /** The other side does not answer pings (`true`), or answers again (`false`). Without this function it is not asked. */
  silence?: ((isSilent: boolean) => void) | undefined
  /** The link is `gone`, or the caller must `destroy` it, because the other side would not hear a polite close. */
  over(code: number, text: string, how: 'gone' | 'destroy'): void
}

export class Attachment {
  readonly link: Link
  readonly acks: Acks
  /** `true` once a message was taken or acknowledged on this link. */
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

  /** Milliseconds since the link was attached. */
  get lived(): number {
    return this.#options.clock.now() - this.#since
  }

  /** `true` if a frame of `bytes` may be written now. A frame larger than the whole buffer is written when the buffer is empty. */
  hasRoom(bytes: number): boolean {
    const { buffered } = this.link
    return buffered === 0 || buffered + bytes < this.#options.limits.buffered
  }

  /** Writes a frame even if `hasRoom` says no: control frames must not wait. */
  write(text: string): void {
    this.#heartbeat.sent()
    this.link.send(text)
    this.#watch()
  }

  /** Stops listening to the link and all its timers. The caller closes the link. */
  leave(): void {
    this.link.handlers = IGNORE
    this.#heartbeat.stop()
    this.#probe?.stop()
    this.acks.stop()
    this.#stall?.stop()
  }

  /** Ends the link if bytes wait in the socket and none leaves for `limits.stall`, however few or many they are. */
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
