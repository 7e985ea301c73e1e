/**
 * What an upgrade request must look like to be let in. Looks at nothing but the request.
 */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { SUBPROTOCOL } from '../shared/protocol.ts'
import type { Gate } from './token.ts'

/** A plain HTTP answer. */
export interface Refusal {
  status: number
  text: string
}

export interface GateRules {
  gate: Gate
  /** `undefined` where no name leads here. */
  allowHost: ((host: string) => boolean) | undefined
}

/** The reason not to upgrade, if there is one. Says nothing about what would have been right. */
export function examine({ headers }: IncomingMessage, { gate, allowHost }: GateRules): Refusal | undefined {
  if (headers.origin !== undefined || headers['sec-websocket-origin'] !== undefined) {
    return { status: 403, text: 'requests of browser pages are refused' }
  }
  if (allowHost && !allowHost(headers.host ?? '')) {
    return { status: 403, text: 'this host name is not allowed; see the option attach.allowedHosts' }
  }
  if (!gate.admits(headers.authorization)) return { status: 401, text: 'the token is missing or wrong' }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  if (!offered.includes(SUBPROTOCOL)) {
    return {
      status: 426,
      text: `this server speaks ${SUBPROTOCOL}, the runner offered ${offered.join(', ').slice(0, 100)}`,
    }
  }
  return undefined
}

/** Addresses and `localhost`: names that no DNS server can point here. */
export function isLoopbackHost(header: string): boolean {
  const host = header.replace(/:\d+$/, '').toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0
}
