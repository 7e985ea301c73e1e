/** Both ends of a session over real sockets, with functions that note what reached them. */

import { createSecret } from '../../src/server/sessions/gate.ts'
import { type ListenAt, type Listener, listen } from '../../src/server/sessions/listener.ts'
import { createSessions, type ServerSession, type Sessions } from '../../src/server/sessions/sessions.ts'
import type { Limits } from '../../src/shared/session/limits.ts'
import type { Link } from '../../src/shared/session/link.ts'
import type { RunnerFunctions, ServerFunctions } from '../../src/shared/types.ts'

/** Notes numbers in the order in which they come; `until` resolves when so many are there. */
export class Ledger {
  readonly entries: number[] = []
  #waiting: { count: number; resolve(): void }[] = []

  note(entry: number): void {
    this.entries.push(entry)
    for (const waiter of this.#waiting) if (this.entries.length >= waiter.count) waiter.resolve()
  }

  async until(count: number): Promise<void> {
    if (this.entries.length >= count) return
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }))
  }

  /** The numbers from 1 to `count` that are missing, doubled or out of order. Empty if all is well. */
  faults(count: number): string[] {
    const faults: string[] = []
    for (let i = 0; i < Math.max(count, this.entries.length); i++) {
      if (this.entries[i] !== i + 1) faults.push(`entry ${i + 1} is ${this.entries[i]}`)
      if (faults.length === 5) break
    }
    return faults
  }
}

/** The number in a custom event made by `numbered`. */
export const numberOf = (payload: { data?: unknown }): number => payload.data as number
/** A custom event that carries a number. */
export const numbered = (
  data: number,
  padding = '',
): { type: 'custom'; event: string; data: number; padding: string } => ({
  type: 'custom',
  event: 'n',
  data,
  padding,
})

/** Server functions that do nothing; override what a test is about. */
export function serverFunctions(overrides: Partial<ServerFunctions> = {}): ServerFunctions {
  return {
    init: async () => ({ id: 'r', root: '/', env: {}, hmr: true, entries: [], onUnaccepted: 'reload' }),
    fetch: async (url) => ({ external: url }),
    compare: async () => ({ seq: 0, seeds: [], modules: [], failed: [] }),
    hot: () => {},
    applied: () => {},
    ready: () => {},
    settled: () => {},
    waiting: () => {},
    inspected: () => {},
    serving: () => {},
    begun: () => {},
    loaded: () => {},
    ...overrides,
  }
}

/** Runner functions that do nothing. */
export function runnerFunctions(overrides: Partial<RunnerFunctions> = {}): RunnerFunctions {
  return { change: () => {}, modules: () => {}, payload: () => {}, begin: () => {}, ...overrides }
}

export interface TestServer {
  secret: string
  url: string
  sessions: Sessions
  listener: Listener
  /** The next new session. */
  session(): Promise<ServerSession>
  close(): Promise<void>
}

export interface TestServerOptions {
  where?: ListenAt
  secret?: string
  functions?: (session: ServerSession) => Partial<ServerFunctions>
  limits?: Partial<Limits>
  allowHost?: (host: string) => boolean
  /** Told of every link before the sessions get it. */
  accepted?: (link: Link) => void
  /** Told of every new session, before `session()` gives it out. */
  begun?: (session: ServerSession) => void
}

/** A listener with sessions behind it; default: on a free TCP port. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { where = { at: 'tcp', host: '127.0.0.1', port: 0 }, secret = createSecret(), functions, limits = {} } = options
  const fresh: ServerSession[] = []
  const takers: ((session: ServerSession) => void)[] = []
  function begun(session: ServerSession): void {
    options.begun?.(session)
    const take = takers.shift()
    if (take) take(session)
    else fresh.push(session)
  }
  const sessions = createSessions({
    secret,
    limits,
    functions: (session) => {
      // its rpc is made of these functions
      queueMicrotask(() => begun(session))
      return serverFunctions(functions?.(session))
    },
  })
  const { allowHost } = options
  const accept = (link: Link) => {
    options.accepted?.(link)
    sessions.accept(link)
  }
  const listener = await listen({ where, secret, limits, accept, ...(allowHost && { allowHost }) })
  return {
    secret,
    url: listener.url,
    sessions,
    listener,
    session: async () => fresh.shift() ?? new Promise((resolve) => takers.push(resolve)),
    async close() {
      await sessions.close()
      await listener.close()
    },
  }
}
