/** The answer to a request to an app that has no process: 503, with what is known of the reason. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Outage, pageOf } from './waiting-page.ts'

/** Answers a request to an app that has no process. */
export function answerOutage(request: IncomingMessage, response: ServerResponse, outage: Outage): void {
  const { origin } = request.headers
  // a front end of another origin would see an error of its own rules, and not this
  if (origin !== undefined) {
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Access-Control-Allow-Credentials', 'true')
    response.setHeader('Vary', 'Origin')
  }
  response.setHeader('Cache-Control', 'no-store')
  const asked = request.headers['access-control-request-method']
  if (request.method === 'OPTIONS' && asked !== undefined) {
    response.setHeader('Access-Control-Allow-Methods', asked)
    const headers = request.headers['access-control-request-headers']
    if (headers !== undefined) response.setHeader('Access-Control-Allow-Headers', headers)
    response.writeHead(204).end()
    return
  }
  const told = isOwn(request) ? outage : { ...outage, details: undefined }
  const isPage = request.headers.accept?.includes('text/html') === true
  response.setHeader('Retry-After', '1')
  response.setHeader('Content-Type', `text/${isPage ? 'html' : 'plain'}; charset=utf-8`)
  response.writeHead(503).end(isPage ? pageOf(told) : textOf(told))
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
