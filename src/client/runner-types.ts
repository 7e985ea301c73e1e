/** A runner as users see it: what `connect()` resolves with. */
import type { EventEmitter } from 'node:events'
import type { HMREmitter } from '../shared/hmr-emitter.ts'
import type { Applied } from '../shared/types.ts'
import type { ViteNodeRunner } from './vite-node-runner.ts'

/** Events of a runner, with their arguments. */
export interface TetherRunnerEvents {
  /** The link is lost; the runner tries to get it back. */
  disconnect: []
  /** The link is back and nothing was lost. */
  resume: []
  /** The link is back, and what this runner holds has been compared with current sources. */
  resync: []
  /** A change was handled. */
  applied: [report: Applied]
  /** The session is over, on request or because the server is out of reach for good. */
  end: [error?: Error | undefined]
}

/** A runner in this process whose modules come from a Vite server. */
export interface TetherRunner extends EventEmitter<TetherRunnerEvents> {
  /** As `hub.runners` shows it. */
  readonly id: string
  readonly state: 'connected' | 'disconnected' | 'ended'
  /** Vite-node's runner inside: of the copy that is part of this package, so no `instanceof` another one. Unstable. */
  readonly viteNode: ViteNodeRunner
  /** Payloads of the server pass over it as `message`, custom sends as `custom`. */
  readonly emitter: HMREmitter
  /**
   * Imports a module: a root-relative URL, a relative (to root) or absolute path, a file URL, or a bare package name. Returns
   * its live exports. Rejects with what Vite or the module throws.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a module exports anything
  import<T = any>(id: string): Promise<T>
  /** Disposes all modules, dependents first, and leaves the server. */
  close(): Promise<void>
  /** Environment variables for a child process or thread that is to `connect()` too. */
  invite(): { TETHER_URL: string; TETHER_TOKEN: string }
}
