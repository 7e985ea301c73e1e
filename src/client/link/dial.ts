/**
 * Reaches a server over a WebSocket: one attempt is one `dial`.
 */
import type { Socket } from 'node:net'
import { type ErrorCode, TetherError } from '../../shared/errors.ts'
import type { Limits } from '../../shared/session/limits.ts'
import type { Link } from '../../shared/session/link.ts'
import { wrapSocket } from '../../shared/session/socket-link.ts'
import { type Clock, systemClock } from '../../shared/util/clock.ts'
import { ownVersions } from '../../shared/versions.ts'
import { adviceOnTls } from './tls-advice.ts'

/** Why an attempt failed. */
export interface Refused {
  error: TetherError
  /** `stop`: trying again is useless. `secret`: useless with this secret. `absent`: useless unless it worked before. `retry`: else. */
  verdict: 'stop' | 'secret' | 'absent' | 'retry'
}

type Loaded = typeof import('./websocket.ts')

export interface DialEvents {
  /** Called in the tick in which the link comes to be; the callee owns it. */
  open(link: Link): void
  /** Called instead, once. */
  fail(why: Refused): void
}

/** Begins one attempt with a gate key; the returned function gives it up, after which nothing is called. */
export type Dial = (gate: string, events: DialEvents) => () => void

/** The URL without what might be secret in it. */
export function printable(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/[?#].*$/s, '')
}

function parse(text: string): URL {
  const problem = (what: string): TetherError =>
    new TetherError(
      'ERR_CONFIG',
      `url ${JSON.stringify(printable(text))} ${what}; expected ws://host:port/path, wss://host:port/path or ws+unix:/path/of/socket:/`,
    )
  if (!URL.canParse(text)) throw problem('is not a URL')
  const url = new URL(text)
  if (!['ws:', 'wss:', 'ws+unix:'].includes(url.protocol)) throw problem(`has the protocol "${url.protocol}"`)
  if (url.username || url.password || url.search || url.hash) {
    throw problem(
      'carries credentials, a query or a fragment: the token is an option of its own and never part of the URL',
    )
  }
  return url
}

/** A dial for one URL. Throws `ERR_CONFIG` if the URL is none of ours. */
export function createDial(address: string, limits: Limits, clock: Clock = systemClock): Dial {
  const url = parse(address)
  const name = printable(address)
  const nowhere = (cause: unknown): Refused => unreachable(url, name, cause as Error)

  const settings = {
    // for the server to decide
    perMessageDeflate: { threshold: 1024 },
    // room for the frame around the message
    maxPayload: limits.message + limits.frame,
    closeTimeout: limits.closeWait,
  }

  return (gate, { open, fail }) => {
    let settled = false
    let raw: Socket | undefined
    let websocket: ReturnType<Loaded['openWebSocket']> | undefined
    const cancel = clock.after(limits.handshake, () => {
      settle(() => fail(nowhere(new Error(`the connection was not upgraded within ${limits.handshake} ms`))))
      websocket?.terminate()
    })

    function settle(then: () => void): void {
      if (settled) return
      settled = true
      cancel()
      then()
    }

    function begin({ openWebSocket }: Loaded): void {
      if (settled) return
      const options = { ...settings, headers: { authorization: `Bearer ${gate}` } }
      websocket = openWebSocket(url, options, (socket) => {
        raw = socket
      })
      listen(websocket)
    }

    function listen(websocket: ReturnType<Loaded['openWebSocket']>): void {
      websocket.on('open', () => settle(() => open(wrapSocket(websocket, raw!))))
      websocket.on('error', (cause) => settle(() => fail(nowhere(cause))))
      websocket.on('unexpected-response', (request, response) => {
        const status = response.statusCode ?? 0
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          if (body.length < 1024) body += chunk
        })
        response.on('close', () => {
          settle(() => fail(refused(name, status, body.trim().slice(0, 200))))
          request.destroy()
        })
      })
    }

    import('./websocket.ts').then(begin).catch((cause) => settle(() => fail(nowhere(cause))))
    return () => {
      settle(() => {})
      websocket?.terminate()
    }
  }
}

function unreachable({ protocol, hostname }: URL, name: string, cause: Error): Refused {
  // happy eyeballs gives an AggregateError without a message
  const { message, code = '' } = cause as NodeJS.ErrnoException
  const advice = adviceOnTls(code, message, protocol, hostname)
  return {
    // waiting mends no certificate and no URL
    verdict: advice?.lasts ? 'absent' : 'retry',
    error: new TetherError(
      'ERR_CONNECT',
      advice
        ? `no link to ${name}: ${message || code}; ${advice.text}`
        : `no server at ${name}: ${message || code}; is Vite running there with vite-tether?`,
      { cause },
    ),
  }
}

const REFUSALS: Record<number, [verdict: Refused['verdict'], code: ErrorCode, advice: () => string]> = {
  401: ['secret', 'ERR_UNAUTHORIZED', () => 'check the token (option `token`, or TETHER_TOKEN)'],
  403: ['stop', 'ERR_FORBIDDEN', () => 'the server says why'],
  404: ['absent', 'ERR_CONNECT', () => 'check the path of the URL'],
  426: [
    'stop',
    'ERR_VERSION',
    () => `this is vite-tether ${ownVersions().tether}: install the same version on both sides`,
  ],
}

function refused(name: string, status: number, body: string): Refused {
  const [verdict, code, advice] = REFUSALS[status] ?? ['retry', 'ERR_CONNECT', () => 'is there a proxy in between?']
  const said = body ? ` (${body})` : ''
  return {
    verdict,
    error: new TetherError(code, `${name} answered with HTTP status ${status}${said} instead of a link; ${advice()}`),
  }
}
