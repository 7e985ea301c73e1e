/** The ports that an update of one runner concerns, from its begin to its end. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ModuleId } from '../../shared/types.ts'
import type { Participant } from '../hmr/participant.ts'
import { isMaybeProbe, type ServerInsides } from './listening.ts'
import type { PortUpdate, ServedPort } from './served-port.ts'
import type { ServerMaker } from './server-origins.ts'
import type { Takeover } from './takeover.ts'

/** Requests that are younger than this many milliseconds are waited for before `dispose` takes what they may need. */
const GRACE = 200
/** Milliseconds that looking up the name of a host may take: the error of a listen that fails later is for the app alone. */
const LOOKUP = 1000

/** A runner whose updates concern ports. */
export interface UpdatedRunner extends ServerMaker {
  /** `true` if one of the modules has something to dispose. */
  disposes(ids: ReadonlySet<ModuleId>): boolean
  /** Milliseconds that clients wait for an update. */
  readonly patience: number
}

/** One update. */
export class TakeoverUpdate implements PortUpdate {
  readonly #takeover: Takeover
  readonly #runner: UpdatedRunner
  /** The ports of the runner, and what is put back if the update fails. */
  readonly #ports = new Map<ServedPort, Pick<ServedPort, 'isOrphan' | 'taken'>>()
  /** Servers that its code has told to listen. */
  readonly #begun = new Set<ServerInsides>()
  readonly #errors = new Map<ServerInsides, Error>()
  /** Errors that the app does not listen to. */
  readonly #unheard = new Set<Error>()
  isCommitted = false

  constructor(takeover: Takeover, runner: UpdatedRunner) {
    this.#takeover = takeover
    this.#runner = runner
  }

  async begin(replaced: ReadonlySet<ModuleId>): Promise<void> {
    this.#takeover.run()
    for (const port of this.#takeover.ports()) {
      const { origin } = port
      if (origin ? origin.maker !== this.#runner : !this.#runner.isAlone || this.#takeover.origins.isKept(port.server))
        continue
      this.#ports.set(port, { isOrphan: port.isOrphan, taken: port.taken })
      // also where the code of the server stays: what it uses may be replaced
      port.pause(this.#runner.patience)
      // packages that have made a server by themselves go on with it, unless newer code asks for the port
      if (!origin || [...origin.modules].some((id) => replaced.has(id))) port.runs++
      port.isOrphan ||= origin !== undefined && replaced.has(origin.starter)
    }
    if (!this.#runner.disposes(replaced)) return
    const servers = new Set([...this.#ports.keys()].map(({ server }) => server))
    await Promise.race([this.#takeover.answering.ended(servers, GRACE), delay(GRACE)])
  }

  /** `server` was told to listen. Returns how to forget that. */
  begins(server: ServerInsides): () => void {
    const maker = this.#takeover.origins.get(server)?.maker
    if (maker ? maker === this.#runner : this.#runner.isAlone) {
      this.#begun.add(server)
      this.#errors.delete(server)
    }
    return () => this.forgets(server)
  }

  forgets(server: ServerInsides): void {
    this.#begun.delete(server)
    this.#errors.delete(server)
  }

  /** An error of a server: `true` if it is the update's that nobody listens to. */
  takesError(server: ServerInsides, error: Error): boolean {
    if (this.isCommitted || !this.#begun.has(server)) return false
    this.#errors.set(server, error)
    if (server.listenerCount('error') > 0) return false
    this.#unheard.add(error)
    return true
  }

  /** Throws the error of a `listen` for which the update is better undone. */
  async check(): Promise<void> {
    const end = performance.now() + LOOKUP
    const isUnknown = (server: ServerInsides) => !server._handle && !this.#errors.has(server)
    while ([...this.#begun].some(isUnknown) && performance.now() < end) await delay(1)
    // a listener of the error may listen again
    if (this.#errors.size > 0) await new Promise(setImmediate)
    for (const [server, error] of this.#errors) {
      if (!server._handle && (this.#unheard.has(error) || this.#leavesNone)) throw error
    }
  }

  /** A port would be closed, and no other server has come instead. */
  get #leavesNone(): boolean {
    return [...this.#ports.keys()].some(({ isOrphan, candidate }) => isOrphan && !candidate)
  }

  /** The modules that have failed are gone, and the old ones not back yet. */
  rollBack(): void {
    for (const port of this.#takeover.ports()) {
      const { candidate } = port
      if (candidate?.update === this) candidate.server.close()
      const isFailed = port.update === this && port.origin && !this.#runner.node(port.origin.starter)
      if (isFailed) port.server.close()
    }
    // old modules that were disposed run again, and listen
    for (const [port, before] of this.#ports) Object.assign(port, before)
  }

  /** The update is over. */
  end(): void {
    this.#takeover.updates.delete(this)
    for (const port of this.#takeover.ports()) if (port.candidate || this.#ports.has(port)) this.#release(port)
    this.#takeover.settleSoon()
  }

  #release(port: ServedPort, isProbed = false): void {
    const takeover = this.#takeover
    // one that has begun to listen just now may be closed as soon as it does
    if (!isProbed && port.candidate && isMaybeProbe(port.candidate.server)) {
      setImmediate(() => takeover.updates.size === 0 && port.handle && this.#release(port, true))
      return
    }
    if (this.isCommitted && port.isOrphan && !port.isVacant && this.#runner.holds(port.server)) port.isOrphan = false
    const isLate = port.isOrphan && !port.origin?.isEarly
    // what was not awaited before has not listened yet
    if (this.isCommitted && !port.candidate && isLate) return
    const answer = port.unpause()
    if (!takeover.install(port)) {
      if (!this.isCommitted && port.isVacant) takeover.refill(port)
      else if (this.isCommitted && (port.isVacant || port.isOrphan)) {
        takeover.closePort(port)
        return
      }
    }
    process.nextTick(answer)
  }
}

/** Lets the ports of `runner` take part in its updates. */
export function takePartIn(takeover: Takeover, runner: UpdatedRunner): Participant {
  takeover.origins.makers.add(runner)
  let update: TakeoverUpdate | undefined
  return {
    async begin(replaced) {
      update = new TakeoverUpdate(takeover, runner)
      takeover.updates.add(update)
      await update.begin(replaced)
    },
    check: async () => update?.check(),
    commit() {
      if (update) update.isCommitted = true
    },
    rollBack: async () => update?.rollBack(),
    end() {
      update?.end()
      update = undefined
    },
    sweep: async () => {},
    drain: async () => {},
    async close() {
      takeover.origins.makers.delete(runner)
    },
  }
}
