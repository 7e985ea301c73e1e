/**
 * The messages that the other side has not acknowledged, in order, and how far they are written on the present link.
 */
import type { Limits } from './limits.ts'

/** Options of a message. */
export interface SendOptions {
  /** An event: counts towards the bounds. Calls and answers are bounded by the calls in flight. */
  event: boolean
  /** If the session is lost before the other side has acknowledged this message, it is sent first in the session that replaces it. */
  again?: boolean
}

/** One message, or a `resync` that stands for all messages before it. */
export interface OutboxItem {
  seq: number
  kind: 'message' | 'resync'
  /** The message as JSON text, or the reason of the resync. */
  text: string
  bytes: number
  event: boolean
  again: boolean
}

/** The queue of messages without acknowledgement, bounded by count and bytes. It numbers them from 1. */
export class Outbox {
  #items: OutboxItem[] = []
  /** Index of the first item that is not written on the present link. */
  #cursor = 0
  #lastSeq = 0
  #written = 0
  #acked = 0
  #events = 0
  #eventBytes = 0
  #bytes = 0
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Greatest number that the other side has acknowledged. */
  get acked(): number {
    return this.#acked
  }

  /** Greatest number that was ever written on a link. */
  get written(): number {
    return this.#written
  }

  get size(): number {
    return this.#items.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** `true` if one more message fits. Without a link (`away`) calls and answers count too: memory would grow without bound. */
  fits(bytes: number, event: boolean, away: boolean): boolean {
    if (away && this.#items.length > 0 && this.#bytes + bytes > this.#limits.outboxBytes) return false
    if (!event || this.#events === 0) return true
    return this.#events < this.#limits.outboxCount && this.#eventBytes + bytes <= this.#limits.outboxBytes
  }

  /** Numbers a message and keeps it until it is acknowledged. */
  push(text: string, bytes: number, { event, again = false }: SendOptions): void {
    this.#add({ seq: ++this.#lastSeq, kind: 'message', text, bytes, event, again })
  }

  /** Drops everything and keeps one `resync` in its place. */
  replace(reason: string): void {
    this.#clear()
    this.#add({ seq: ++this.#lastSeq, kind: 'resync', text: reason, bytes: reason.length, event: false, again: false })
  }

  /** Numbers from 1 again, for a new session; keeps the messages that are marked `again` and drops the others. */
  restart(): void {
    const again = this.#items.filter((item) => item.again)
    this.#clear()
    this.#lastSeq = this.#written = this.#acked = 0
    for (const item of again) this.#add({ ...item, seq: ++this.#lastSeq })
  }

  /** `true` if the other side can have acknowledged `seq`: it was written, and not less was acknowledged before. */
  canAck(seq: number): boolean {
    return seq >= this.#acked && seq <= this.#written
  }

  /** Forgets all messages up to `seq`. A lower number than before is ignored. */
  ack(seq: number): void {
    if (seq <= this.#acked) return
    this.#acked = seq
    let count = 0
    for (const item of this.#items) {
      if (item.seq > seq) break
      count++
      this.#account(item, -1)
    }
    this.#items.splice(0, count)
    this.#cursor = Math.max(0, this.#cursor - count)
  }

  /** Starts writing from the first message again, because the link is new. */
  rewind(): void {
    this.#cursor = 0
  }

  /** The next item to write. */
  peek(): OutboxItem | undefined {
    return this.#items[this.#cursor]
  }

  /** Marks the item that `peek` gave as written. */
  advance(): void {
    this.#written = Math.max(this.#written, this.#items[this.#cursor]!.seq)
    this.#cursor++
  }

  #add(item: OutboxItem): void {
    this.#items.push(item)
    this.#account(item, 1)
  }

  #clear(): void {
    this.#items = []
    this.#cursor = this.#events = this.#eventBytes = this.#bytes = 0
  }

  #account(item: OutboxItem, sign: 1 | -1): void {
    this.#bytes += sign * item.bytes
    if (!item.event) return
    this.#events += sign
    this.#eventBytes += sign * item.bytes
  }
}
