/** The rules for requests of the page: only the page itself may read its data, and only with its token may it act. */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** The header with the token of the page. */
export const TOKEN_HEADER = 'x-tether-token'

/** A plain answer. */
export interface PageRefusal {
  status: number
  text: string
}

/** The reason to refuse a request, if there is one. `isDocument`: it is for the page, not for its data. */
export function refusalOf(
  { method, headers }: IncomingMessage,
  token: string,
  isDocument: boolean,
): PageRefusal | undefined {
  const { origin, host, 'sec-fetch-site': site = 'none', 'sec-fetch-mode': mode } = headers
  // a link to the page on another site is fine: that site cannot read what it leads to
  const isVisit = isDocument && method === 'GET' && mode === 'navigate'
  const isOwn = (site === 'none' || site === 'same-origin') && (origin === undefined || hostOf(origin) === host)
  if (!isOwn && !isVisit) return { status: 403, text: 'Requests of other pages are refused.' }
  if (method === 'GET' || method === 'HEAD') return undefined
  if (method !== 'POST') return { status: 405, text: 'Only GET and POST.' }
  const given = headers[TOKEN_HEADER]
  if (typeof given === 'string' && isEqual(given, token)) return undefined
  return { status: 403, text: 'The token is missing or wrong: load the page again.' }
}

/** `true` for an address at which only this machine can be. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address)
}

/** `true` if a `Host` header is a name of this machine that no DNS server of an attacker can have. */
export function isOwnHost(header = ''): boolean {
  return /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(header)
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

function isEqual(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
