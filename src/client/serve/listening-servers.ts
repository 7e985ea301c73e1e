/** The servers by which the app itself listens, and where a client on this machine reaches the first of them. */
import { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { Serving } from '../../shared/types.ts'
import { isMaybeProbe, type ServerInsides } from '../ports/listening.ts'
import { watchServers } from '../ports/server-methods.ts'

type Target = Serving['target']

/** Addresses that stand for all of a family. Nothing connects to these everywhere. */
const LOOPBACK: Record<string, string> = { '::': '::1', '0.0.0.0': '127.0.0.1' }

/** Told of them. */
export interface ListeningEvents {
  /** One is about to listen, for the first time. */
  begins(): void
  /** Clients reach the app elsewhere, or not any more. */
  changed(): void
}

/** All of them. */
export class ListeningServers {
  readonly #servers = new Set<Server>()
  readonly #own = new WeakSet<object>()
  readonly #events: ListeningEvents
  #told: Target | undefined
  /** One has been told to listen, even if it speaks something else than plain HTTP. */
  hasBegun = false

  constructor(events: ListeningEvents) {
    this.#events = events
    watchServers({ begins: (server) => this.#begins(server), seen: (server) => this.#seen(server) })
  }

  /** Where clients reach the first server that is still there. A newer one that has its port has its place. */
  get target(): Target | undefined {
    // to the app, one of older code listens until its requests have ended
    const targets = [...this.#servers].filter(({ listening }) => listening).map(targetOf)
    return targets.find((each) => isDeepStrictEqual(each, this.#told)) ?? targets[0]
  }

  /** `server` is ours, not the app's. */
  except(server: Server): void {
    this.#own.add(server)
  }

  #begins(server: ServerInsides): void {
    if (this.hasBegun || this.#own.has(server) || isMaybeProbe(server)) return
    this.hasBegun = true
    this.#events.begins()
  }

  #seen(server: ServerInsides): void {
    if (this.#own.has(server)) return
    if (!(server instanceof Server)) return
    if (server.listening) this.#servers.add(server)
    else this.#servers.delete(server)
    const { target } = this
    if (isDeepStrictEqual(target, this.#told)) return
    this.#told = target
    this.#events.changed()
  }
}

/** Where a client reaches `server`. */
export function targetOf(server: Server): Target {
  const address = server.address() as AddressInfo | string
  if (typeof address === 'string') return { socketPath: address }
  return { host: LOOPBACK[address.address] ?? address.address, port: address.port }
}
