/** The answer to a request to an app that has no process: 503, with what is known of the reason. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Outage, pageOf } from './waiting-page.ts'

/** Status, headers and body of an answer. */
export interface PlainAnswer {
  status: number
  headers: Record<string, string>
  body: string | undefined
}

/** The request, as far as the answer depends on it. `isOwn`: only this machine gets it, and with it the error's text. */
export interface AskedInOutage {
  method: string | undefined
  headers: Record<string, string | string[] | undefined>
  isOwn: boolean
}

/** Answers a request to an app that has no process. */
export function answerOutage(request: IncomingMessage, response: ServerResponse, outage: Outage): void {
  const { method, headers } = request
  const answer = outageAnswer({ method, headers, isOwn: isOwn(request) }, outage)
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  response.writeHead(answer.status).end(answer.body)
}

/** The answer to a request to an app that has no process. */
export function outageAnswer({ method, headers, isOwn }: AskedInOutage, outage: Outage): PlainAnswer {
  const answer: Record<string, string> = { 'Cache-Control': 'no-store' }
  // a front end of another origin would see an error of its own rules, and not this
  if (headers.origin !== undefined) {
    answer['Access-Control-Allow-Origin'] = String(headers.origin)
    answer['Access-Control-Allow-Credentials'] = 'true'
    answer.Vary = 'Origin'
  }
  const asked = headers['access-control-request-method']
  if (method === 'OPTIONS' && asked !== undefined) {
    answer['Access-Control-Allow-Methods'] = String(asked)
    const names = headers['access-control-request-headers']
    if (names !== undefined) answer['Access-Control-Allow-Headers'] = String(names)
    return { status: 204, headers: answer, body: undefined }
  }
  const told = isOwn ? outage : { ...outage, details: undefined }
  const isPage = headers.accept?.includes('text/html') === true
  answer['Retry-After'] = '1'
  answer['Content-Type'] = `text/${isPage ? 'html' : 'plain'}; charset=utf-8`
  return { status: 503, headers: answer, body: isPage ? pageOf(told) : textOf(told) }
}

function textOf({ name, reason, details }: Outage): string {
  return `${name} ${reason}.\n${details === undefined ? '' : `\n${details}\n`}`
}

/** `true` if a program or a page of this machine asks directly. Foreign pages get here too, through this machine's browser or a proxy. */
function isOwn({ socket, headers }: IncomingMessage): boolean {
  const { remoteAddress } = socket
  if (remoteAddress !== undefined && !/^(::1|(::ffff:)?127\.[\d.]+)$/.test(remoteAddress)) return false
  if (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined) return false
  return (
    isLoopback(`http://${headers.host ?? headers[':authority']}`) &&
    (headers.origin === undefined || isLoopback(headers.origin))
  )
}

function isLoopback(url: string): boolean {
  const { hostname } = URL.canParse(url) ? new URL(url) : { hostname: '' }
  return /^(localhost|.+\.localhost|\[::1\]|127\.[\d.]+)$/.test(hostname)
}
