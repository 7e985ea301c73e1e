/** A runner and a server on wires in memory, with everything that is random in the hands of the test. */

import { type ClientSession, openSessionWith, type Resync } from '../../src/client/link/client-session.ts'
import type { DialEvents } from '../../src/client/link/dial.ts'
import { createSessions, type ServerSession, type Sessions } from '../../src/server/sessions/sessions.ts'
import { TetherError } from '../../src/shared/errors.ts'
import type { Limits } from '../../src/shared/session/limits.ts'
import { IGNORE } from '../../src/shared/session/link.ts'
import type { ServerFunctions } from '../../src/shared/types.ts'
import { FakeClock, settled } from './clock.ts'
import { numberOf, runnerFunctions, serverFunctions } from './session.ts'
import { Wire } from './wire.ts'

/** The secret that both sides know. */
export const MODEL_SECRET = 'a secret of the tests, long enough'

export interface ModelOptions {
  limits?: Partial<Limits>
  functions?: (session: ServerSession) => Partial<ServerFunctions>
  patience?: number
}

export class Model {
  readonly clock = new FakeClock()
  readonly wires: Wire[] = []
  /** Attempts of the runner that were neither let in nor refused. */
  readonly dials: DialEvents[] = []
  /** Numbers of custom events taken, and where a resync or a new session came in between. */
  readonly atServer: (number | 'session')[] = []
  readonly atRunner: (number | 'resync')[] = []
  /** Calls that were entered, and those that were answered rightly or wrongly. */
  readonly entered: string[] = []
  readonly answered: string[] = []
  readonly resyncs: Resync[] = []
  readonly ends: (TetherError | undefined)[] = []
  sessions!: Sessions
  /** The server's newest session. */
  hosted: ServerSession | undefined
  client: ClientSession | undefined
  opening: Promise<ClientSession>
  readonly #options: ModelOptions

  constructor(options: ModelOptions = {}) {
    this.#options = options
    this.startServer()
    const { limits, patience } = options
    this.opening = openSessionWith((_gate, events) => this.#dial(events), 'the model', {
      secret: MODEL_SECRET,
      kind: 'attached',
      clock: this.clock,
      wait: Number.POSITIVE_INFINITY,
      patience: patience ?? Number.POSITIVE_INFINITY,
      ...(limits && { limits }),
      functions: runnerFunctions({ payload: (payload) => this.atRunner.push(numberOf(payload as never)) }),
    }).then((client) => {
      this.client = client
      client.on('resync', (what) => {
        this.resyncs.push(what)
        this.atRunner.push('resync')
      })
      client.on('end', (error) => this.ends.push(error))
      return client
    })
  }

  /** The newest wire. */
  get wire(): Wire | undefined {
    return this.wires.at(-1)
  }

  /** A new server process takes the place of the old one, which is not heard of again. */
  startServer(): void {
    for (const { server } of this.wires) {
      if (!server.closing) server.terminate()
      // what is still under way reaches nobody
      server.handlers = IGNORE
    }
    this.hosted = undefined
    const { limits, functions } = this.#options
    const current = createSessions({
      secret: MODEL_SECRET,
      clock: this.clock,
      ...(limits && { limits }),
      functions: (session) => {
        if (this.sessions === current) {
          this.hosted = session
          this.atServer.push('session')
        }
        return serverFunctions({
          hot: (payload) => this.atServer.push(numberOf(payload)),
          fetch: async (url) => {
            this.entered.push(url)
            return { external: `answer to ${url}` }
          },
          ...functions?.(session),
        })
      },
    })
    this.sessions = current
  }

  /** Lets the oldest attempt in. */
  admit(): Wire | undefined {
    const dial = this.dials.shift()
    if (!dial) return undefined
    const wire = new Wire()
    this.wires.push(wire)
    this.sessions.accept(wire.server)
    dial.open(wire.runner)
    return wire
  }

  /** Refuses the oldest attempt, as if nobody listened. */
  refuse(): void {
    this.dials.shift()?.fail({ verdict: 'retry', error: new TetherError('ERR_CONNECT', 'nobody listens') })
  }

  /** Calls the server and notes the answer. */
  call(url: string): void {
    this.client!.rpc.fetch(url).then(
      (answer) =>
        this.answered.push('external' in answer && answer.external === `answer to ${url}` ? url : `wrong: ${url}`),
      (error) => this.answered.push(`${url}: ${error}`),
    )
  }

  /** Everything works from here on, until nothing is left to do within `ms` milliseconds. */
  async heal(ms = 30_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += 200) {
      await settled()
      while (this.dials.length > 0) this.admit()
      for (const wire of this.wires) wire.flush()
      this.clock.advance(200)
    }
    await settled()
  }

  /** The runner leaves. */
  async leave(): Promise<void> {
    const left = this.client!.close()
    for (const wire of this.wires) wire.flush()
    this.clock.advance(5_000)
    for (const wire of this.wires) wire.flush()
    await left
  }

  #dial(events: DialEvents): () => void {
    this.dials.push(events)
    return () => {
      const index = this.dials.indexOf(events)
      if (index >= 0) this.dials.splice(index, 1)
    }
  }
}
