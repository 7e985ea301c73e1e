/** The headers that go from one side to the other, in their order and as often as they came. */
import type { IncomingMessage, OutgoingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** Bytes of a head that the app may answer with: the browser may take more than node does (16 KiB), and is the one to say so. */
export const maxHeaderSize: number = 1024 * 1024

/** Headers of one connection, which mean nothing on the next. */
const OF_CONNECTION = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization'],
  ...['te', 'transfer-encoding', 'upgrade', 'http2-settings'],
])

/** Headers that follow from how this server was asked, whatever the client says. */
const OF_PROXY = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto']

/** The headers of a request as the app gets them. `expects`: the app is to say whether it wants the body. */
export function requestHeaders(request: IncomingMessage, expects: boolean): string[] {
  const { headers, socket } = request
  const sent: string[] = []
  const cookies: string[] = []
  for (const [name, value] of endToEnd(request)) {
    const known = name.toLowerCase()
    // HTTP/2 sends the crumbs of a cookie one by one
    if (known === 'cookie') cookies.push(value)
    else if (known !== 'host' && known !== 'expect' && !OF_PROXY.includes(known)) sent.push(name, value)
  }
  const host = headers[':authority'] ?? headers.host ?? 'localhost'
  if (cookies.length > 0) sent.push('Cookie', cookies.join('; '))
  if (headers.te?.includes('trailers')) sent.push('TE', 'trailers')
  if (expects) sent.push('Expect', '100-continue')
  if (isChunked(request)) sent.push('Transfer-Encoding', 'chunked')
  const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true
  const given = (name: string): string => String(headers[name] ?? '')
  // a proxy in front of Vite knows the client's address, host and protocol
  sent.push('X-Forwarded-For', [given('x-forwarded-for'), socket.remoteAddress ?? ''].filter(Boolean).join(', '))
  sent.push('X-Forwarded-Host', given('x-forwarded-host') || String(host))
  sent.push('X-Forwarded-Port', given('x-forwarded-port') || String(socket.localPort ?? ''))
  sent.push('X-Forwarded-Proto', given('x-forwarded-proto') || (isEncrypted ? 'https' : 'http'))
  return ['Host', String(host), ...sent]
}

/** The headers of a request of web standards, which has no connection, as the app gets them. */
export function headersOf({ url, headers }: Request): Record<string, string> {
  const { host, protocol } = new URL(url)
  const sent = Object.fromEntries(withoutConnection([...headers], headers.get('connection') ?? ''))
  const named = sent.host ?? host
  // whoever has made the request knows whether the body is wanted
  delete sent.expect
  return {
    ...{ 'x-forwarded-host': named, 'x-forwarded-proto': protocol.slice(0, -1) },
    ...sent,
    host: named,
  }
}

/** `true` if a body follows, or may. */
export function hasBody(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > 0 || isChunked(request)
}

function isChunked(request: IncomingMessage): boolean {
  const { headers, httpVersionMajor } = request
  if (headers['content-length'] !== undefined) return false
  if (httpVersionMajor < 2) return headers['transfer-encoding'] !== undefined
  return !(request as unknown as { stream: { endAfterHeaders: boolean } }).stream.endAfterHeaders
}

/** Puts status and headers of the app's answer on `response`. Throws for what cannot be sent. */
export function copyHead(
  answer: IncomingMessage,
  response: OutgoingMessage & { statusCode: number; statusMessage: string },
) {
  response.statusCode = answer.statusCode!
  if (answer.statusMessage && isHttp1(response)) response.statusMessage = answer.statusMessage
  for (const [name, values] of Object.entries(grouped(endToEnd(answer)))) {
    response.setHeader(name, values.length === 1 ? values[0]! : values)
  }
}

/** Trailers, as `addTrailers` takes them. */
export function trailersOf({ rawTrailers }: IncomingMessage): Record<string, string[]> {
  return grouped(pairs(rawTrailers))
}

/** All values of each name, with the name as it came first. */
function grouped(headers: [name: string, value: string][]): Record<string, string[]> {
  const names = new Map<string, string>()
  const values: Record<string, string[]> = Object.create(null)
  for (const [given, value] of headers) {
    const known = given.toLowerCase()
    const name = names.get(known) ?? given
    names.set(known, name)
    values[name] = [...(values[name] ?? []), value]
  }
  return values
}

/** HTTP/2 has no text beside the status. */
function isHttp1(response: OutgoingMessage): boolean {
  return !('stream' in response)
}

/** Pairs of a flat list, as Node has headers and trailers. */
export function pairs(flat: readonly string[]): [name: string, value: string][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index]!, flat[2 * index + 1]!])
}

/** The headers that are not for this connection alone. */
export function endToEnd({ rawHeaders, headers }: IncomingMessage): [name: string, value: string][] {
  return withoutConnection(pairs(rawHeaders), String(headers.connection ?? ''))
}

function withoutConnection(all: [name: string, value: string][], connection: string): [name: string, value: string][] {
  const named = connection.split(',').map((name) => name.trim().toLowerCase())
  return all.filter(([name]) => {
    const known = name.toLowerCase()
    return !known.startsWith(':') && !OF_CONNECTION.has(known) && !named.includes(known)
  })
}
