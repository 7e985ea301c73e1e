import { IGNORE, type Link, type LinkHandlers } from '../../src/shared/session/link.ts'
import { CLOSE } from '../../src/shared/session/protocol.ts'

type Item = { frame: string } | { code: number; text: string }

/** One end of a wire. What it has not received yet waits in `incoming`. */
export class WireEnd implements Link {
  handlers: LinkHandlers = IGNORE
  readonly peer = 'wire'
  readonly incoming: Item[] = []
  /** Frames that were delivered here. */
  readonly received: string[] = []
  other!: WireEnd
  /** No frame leaves or arrives any more; at most the close event is still to come. */
  closing = false
  #over = false

  get buffered(): number {
    return this.other.incoming.reduce((sum, item) => sum + ('frame' in item ? item.frame.length : 0), 0)
  }

  send(frame: string): void {
    if (!this.closing) this.other.incoming.push({ frame })
  }

  close(code: number, text: string): void {
    if (this.closing) return
    this.closing = true
    // the other end answers the close when it sees it
    this.other.incoming.push({ code, text })
  }

  terminate(): void {
    this.break()
    this.other.break()
  }

  /** The connection is gone: this end keeps the first `keep` items that were under way and then hears of it. */
  break(keep = 0): void {
    this.closing = true
    this.incoming.splice(keep)
    this.incoming.push({ code: CLOSE.BROKEN, text: '' })
  }

  /** Hands over the next item. `false` if there is none. */
  deliver(): boolean {
    const item = this.incoming.shift()
    if (!item || this.#over) return false
    if ('frame' in item) {
      if (this.closing && this.handlers === IGNORE) return true
      this.received.push(item.frame)
      this.handlers.heard()
      this.handlers.message(item.frame)
      this.other.handlers.drained()
      return true
    }
    this.#over = true
    this.incoming.length = 0
    if (!this.closing) {
      this.closing = true
      this.other.incoming.push({ code: item.code, text: item.text })
    }
    this.handlers.closed(item.code, item.text)
    return true
  }
}

/** A connection in memory that delivers only when told to. */
export class Wire {
  readonly runner = new WireEnd()
  readonly server = new WireEnd()

  constructor() {
    this.runner.other = this.server
    this.server.other = this.runner
  }

  /** Delivers everything, in both directions, until nothing is under way. */
  flush(): void {
    while (this.runner.deliver() || this.server.deliver());
  }
}
