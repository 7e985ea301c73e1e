/** The types of a runner, which `connect()` resolves with. */
import type { EventEmitter } from 'node:events'
import type { HMREmitter } from '../shared/hmr-emitter.ts'
import type { Applied } from '../shared/types.ts'
import type { ViteNodeRunner } from './vite-node-runner.ts'

/** Events of a runner, with their arguments. */
export interface TetherRunnerEvents {
  /** The link is lost. The runner tries to get it back. */
  disconnect: []
  /** The link is back, and no message was lost. */
  resume: []
  /** The link is back, and the code of this runner has been compared with the current sources. */
  resync: []
  /** A change was handled, with any outcome. */
  applied: [report: Applied]
  /** The session is over: without an error after `close()`, else because the server ended it or is out of reach for good. */
  end: [error?: Error | undefined]
}

/** A runner in this process whose modules come from a Vite server. */
export interface TetherRunner extends EventEmitter<TetherRunnerEvents> {
  /** The id of this runner in `hub.runners`. */
  readonly id: string
  /** `disconnected` while the link is lost and may come back; `ended` after `close()` or once the session is over for good. */
  readonly state: 'connected' | 'disconnected' | 'ended'
  /** The `ViteNodeRunner` inside: of the copy that is part of this package, so no `instanceof` another one. Unstable: may change in any release. */
  readonly viteNode: ViteNodeRunner
  /** Emits the payloads of the server as `message`, and the custom events that modules send as `custom`. */
  readonly emitter: HMREmitter
  /**
   * Imports a module and returns its live exports. It is updated in place from then on. Rejects with the error of Vite or of the
   * module.
   *
   * @param id a root-relative URL, a path (absolute or relative to the root), a file URL, or the name of a package
   */
  // biome-ignore lint/suspicious/noExplicitAny: a module exports anything
  import<T = any>(id: string): Promise<T>
  /** Disposes all modules, importers first, and leaves the server. Later calls return the same promise. */
  close(): Promise<void>
  /** Environment variables with which a child process or thread can `connect()`, too: the server's URL and token. */
  invite(): { TETHER_URL: string; TETHER_TOKEN: string }
}
