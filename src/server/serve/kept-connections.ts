/** Connections to the app that are kept between requests, each for one process. */
import type { EventEmitter } from 'node:events'
import { Agent } from 'node:http'
import type { HubEvents } from '../hub-types.ts'

/** Those of one app at a time. */
export class KeptConnections {
  #agent = new Agent({ keepAlive: true })

  constructor(events: EventEmitter<HubEvents>) {
    events.on('runner:serving', ({ serving }) => {
      if (!serving) this.#renew()
    })
  }

  get agent(): Agent {
    return this.#agent
  }

  /**
   * The process ends. Connections are not used beyond that: the port's owner may have taken an idle one over, to say that there is no process,
   * and would say so once more after the next process is there.
   */
  #renew(): void {
    const last = this.#agent
    this.#agent = new Agent({ keepAlive: true })
    // requests under way end; after that their connections do
    last.maxFreeSockets = 0
    for (const socket of Object.values(last.freeSockets).flat()) socket?.destroy()
  }

  close(): void {
    this.#agent.destroy()
  }
}
