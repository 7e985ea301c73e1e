/** From Node's requests to a `fetch` function of web standards and back. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { createRequest, sendResponse } from '@remix-run/node-fetch-server'
import { failed } from './failed.ts'
import type { NodeBindings } from './recognise.ts'

type Fetch = (request: Request, bindings: NodeBindings) => unknown

const HOST = /^(?:\[[\da-f:.]+\]|[^\s/\\@?#:[\]]+)(?::\d*)?$/i

/** Answers requests by what `fetch` returns; 500 if it throws, which is printed. */
export function fetchListener(fetch: Fetch): RequestListener {
  return (incoming, outgoing) => void answer(fetch, incoming, outgoing)
}

async function answer(fetch: Fetch, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = requestOf(incoming, outgoing)
  if (!request) {
    outgoing.writeHead(400).end('Bad Request')
    return
  }
  outgoing.once('finish', () => letGo(request, incoming))
  try {
    const response = await fetch(request, { incoming, outgoing })
    // an adapter of Node may have answered past us
    if (outgoing.destroyed || outgoing.headersSent) return
    if (!isResponse(response) || faultOf(response)) {
      const fault = isResponse(response)
        ? faultOf(response)
        : `Expected a Response, got ${inspect(response, { depth: 0 })}`
      // a stack of ours would lead to no line of the app
      console.error(`[vite-tether] ${incoming.method} ${incoming.url}: fetch() has given no answer. ${fault}.`)
      return failed(outgoing)
    }
    const sent = sendResponse(outgoing, response)
    // clients of a stream wait for the head; a body that is there goes out with it
    if (response.body) setImmediate(() => outgoing.writableEnded || outgoing.destroyed || outgoing.flushHeaders())
    await sent
  } catch (error) {
    if (outgoing.destroyed || request.signal.aborted) return
    console.error(error)
    failed(outgoing)
  }
}

/** Why a response cannot be sent. A body that was read or sent already would be an empty one. */
function faultOf({ status, bodyUsed, body }: Response): string | undefined {
  if (status === 0) return 'Response.error() has no status'
  if (!bodyUsed && !body?.locked) return undefined
  return 'The body of its Response was read or sent before: each request needs one of its own'
}

/** `undefined` for what no URL or Request can be made of: `OPTIONS *`, TRACE, a broken `Host`, which could pass for a part of the path. */
function requestOf(incoming: IncomingMessage, outgoing: ServerResponse): Request | undefined {
  if (!incoming.url?.startsWith('/') || !HOST.test(incoming.headers.host ?? 'localhost')) return undefined
  try {
    return createRequest(incoming, outgoing)
  } catch {
    return undefined
  }
}

/** Not by `instanceof`: adapters replace the global class by one of theirs. */
function isResponse(value: unknown): value is Response {
  const { status, headers } = (value ?? {}) as Partial<Response>
  return typeof status === 'number' && typeof headers?.[Symbol.iterator] === 'function'
}

/** Drops what is left of a body that nobody reads: without this the next request on the connection waits behind it for ever. */
function letGo({ body }: Request, incoming: IncomingMessage): void {
  if (incoming.readableEnded || !body || body.locked) return
  body.cancel().catch(() => {})
  incoming.resume()
}
