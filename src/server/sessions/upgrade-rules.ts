/**
 * The rules for upgrade requests. Looks at the request only.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { SUBPROTOCOL } from '../../shared/session/protocol.ts'
import { ownVersions } from '../../shared/versions.ts'
import { isLoopbackHost } from '../allowed-hosts.ts'
import type { Gate } from './gate.ts'

/** A plain HTTP answer. */
export interface Refusal {
  status: number
  text: string
}

export interface GateRules {
  gate: Gate
  /** `undefined` on a private socket, which has no host name. */
  allowHost: ((host: string) => boolean) | undefined
}

/** `true` if the network cannot read along: the connection is encrypted, or does not leave this machine. */
export function isSafe(socket: Socket): boolean {
  const { remoteAddress } = socket
  // `X-Forwarded-For` and the like are not looked at: any client can set them; a unix socket has no address
  return (
    (socket as Partial<TLSSocket>).encrypted === true || remoteAddress === undefined || isLoopbackHost(remoteAddress)
  )
}

/** The reason not to upgrade, if there is one. Does not tell the right token or host. */
export function examine({ headers, socket }: IncomingMessage, { gate, allowHost }: GateRules): Refusal | undefined {
  if (!isSafe(socket)) {
    return {
      status: 403,
      text: 'runners on other machines need TLS: set server.https in the Vite config, or use a tunnel such as ssh -L',
    }
  }
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
      text: `vite-tether ${ownVersions().tether} speaks ${SUBPROTOCOL} here, the runner offered ${offered.join(', ').slice(0, 100)}`,
    }
  }
  return undefined
}
