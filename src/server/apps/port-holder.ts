/** Holds the ports of apps where that is wanted and can be done, and says once where it cannot. */
import type { Logger } from 'vite'
import { HeldPorts } from '../ports/held-ports.ts'
import { type AppOptions, holdsPorts } from './command.ts'
import type { Outages } from './outages.ts'

/** Of all apps of a hub. */
export class PortHolder {
  readonly #logger: () => Logger
  /** It was said that ports close with their process: once is enough. */
  #hasTold = false

  constructor(logger: () => Logger) {
    this.#logger = logger
  }

  /** Holds the ports of one app; `undefined` if they close with their process. */
  hold(outages: Outages, options: AppOptions): HeldPorts | undefined {
    if (!holdsPorts(options)) return undefined
    return new HeldPorts({
      name: outages.name,
      unable: (reason) => this.#unable(reason),
      failed: (failure) => outages.failed(failure),
    })
  }

  #unable(reason: string): void {
    if (this.#hasTold) return
    this.#hasTold = true
    const { deno } = process.versions
    const why = deno
      ? 'Deno is no node in this (docs/limits.md)'
      : `node ${process.version} is not as expected (${reason}). Please report this`
    this.#logger().warn(`[vite-tether] Ports close while an app restarts: ${why}.`)
  }
}
