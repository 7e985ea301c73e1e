/** Streams of events for open pages. While none is open it listens to nothing and serialises nothing. */
import type { ServerResponse } from 'node:http'
import type { HubEvents, TetherHub } from '../hub-types.ts'
import type { ShownRunner, Snapshot } from './page-types.ts'
import type { Timeline } from './timeline.ts'

/** Milliseconds between two looks at runners: not all that a view has is told by an event. */
const LOOK = 1000
/** Milliseconds until a browser that has lost its stream asks for another. */
const AGAIN = 500
/** Bytes that may wait for a page that does not read: it is cut off then, and gets all anew when it comes again. */
const BACKLOG = 1024 * 1024

/** The events after which a runner is another. */
const CHANGES = [
  ...([
    'runner:connect',
    'runner:ready',
    'runner:standby',
    'runner:resume',
    'runner:resync',
    'runner:disconnect',
  ] as const),
  ...(['update:applied', 'update:failed', 'restart', 'refused', 'exit'] as const),
] satisfies (keyof HubEvents)[]

/** The streams of one page's address. */
export class PageStreams {
  readonly #hub: TetherHub
  readonly #timeline: Timeline
  readonly #head: () => Pick<Snapshot, 'page' | 'root'>
  readonly #open = new Set<ServerResponse>()
  #shown = ''
  #timer: NodeJS.Timeout | undefined

  constructor(hub: TetherHub, timeline: Timeline, head: () => Pick<Snapshot, 'page' | 'root'>) {
    this.#hub = hub
    this.#timeline = timeline
    this.#head = head
  }

  /** Answers a request with a stream, which ends with its connection. */
  open(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(`retry: ${AGAIN}\n`)
    if (this.#open.size === 0) this.#listen()
    this.#open.add(response)
    response.on('close', () => {
      if (this.#open.delete(response) && this.#open.size === 0) this.#rest()
    })
    const { entries, errors } = this.#timeline
    const snapshot: Snapshot = { ...this.#head(), runners: this.#runners(), entries: [...entries], errors: [...errors] }
    write(response, 'snapshot', JSON.stringify(snapshot))
  }

  /** Ends all streams. */
  close(): void {
    const open = [...this.#open]
    // events may come while they end
    this.#open.clear()
    if (open.length > 0) this.#rest()
    for (const response of open) response.end()
  }

  #listen(): void {
    for (const event of CHANGES) this.#hub.on(event, this.#look)
    this.#timeline.on('entry', this.#entry).on('errors', this.#errors)
    this.#shown = JSON.stringify(this.#runners())
    this.#timer = setInterval(this.#look, LOOK).unref()
  }

  #rest(): void {
    for (const event of CHANGES) this.#hub.off(event, this.#look)
    this.#timeline.off('entry', this.#entry).off('errors', this.#errors)
    clearInterval(this.#timer)
  }

  readonly #entry = (entry: unknown): void => this.#send('entry', JSON.stringify(entry))
  readonly #errors = (): void => this.#send('errors', JSON.stringify(this.#timeline.errors))

  readonly #look = (): void => {
    const shown = JSON.stringify(this.#runners())
    if (shown === this.#shown) return
    this.#shown = shown
    this.#send('runners', shown)
  }

  #runners(): ShownRunner[] {
    return this.#hub.runners.map(({ lastUpdate: _, ...runner }) => runner)
  }

  #send(event: string, data: string): void {
    for (const response of this.#open) {
      if (response.writableLength > BACKLOG) response.destroy()
      else write(response, event, data)
    }
  }
}

/** JSON has no line breaks, which would end the message. */
function write(response: ServerResponse, event: string, data: string): void {
  response.write(`event: ${event}\ndata: ${data}\n\n`)
}
