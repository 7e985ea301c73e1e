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

/** All of them. */
export class ListeningServers {
  readonly #servers = new Set<Server>()
  readonly #own = new WeakSet<object>()
  readonly #changed: () => void
  #told: Target | undefined
  /** One was there, even if it speaks something else than plain HTTP. */
  hasListened = false

  /** @param changed there is a server, or {@link target} is another one */
  constructor(changed: () => void) {
    this.#changed = changed
    watchServers((server) => this.#seen(server))
  }

  /** The first server that is still there. */
  get target(): Target | undefined {
    for (const server of this.#servers) {
      // one of older code whose port a newer server has
      if (server.listening) return targetOf(server)
      this.#servers.delete(server)
    }
    return undefined
  }

  /** `server` is ours, not the app's. */
  except(server: Server): void {
    this.#own.add(server)
  }

  #seen(server: ServerInsides): void {
    if (this.#own.has(server)) return
    const isFirst = server.listening && !this.hasListened && !isMaybeProbe(server)
    if (isFirst) this.hasListened = true
    if (server instanceof Server && server.listening) this.#servers.add(server)
    const { target } = this
    if (!isFirst && isDeepStrictEqual(target, this.#told)) return
    this.#told = target
    this.#changed()
  }
}

/** Where a client reaches `server`. */
export function targetOf(server: Server): Target {
  const address = server.address() as AddressInfo | string
  if (typeof address === 'string') return { socketPath: address }
  return { host: LOOPBACK[address.address] ?? address.address, port: address.port }
}
