/** `dispatchFetch` of an environment with `runnable: false`: the app answers, over its starts, updates and restarts, as on Vite's port. */
import type { AddressInfo } from 'node:net'
import type { ViteDevServer } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import { isLoopbackHost } from '../allowed-hosts.ts'
import type { TetherOptions } from '../options.ts'
import { type AskedInOutage, outageAnswer } from '../ports/outage-answer.ts'
import { Backend, type BackendHost } from './backend.ts'
import { FetchedRequest } from './fetch-app.ts'
import { KeptConnections } from './kept-connections.ts'
import { printable, reachApp, timeoutOf } from './reach-app.ts'

/** The requests of one hub, over Vite's restarts. */
export class Dispatch {
  readonly #backend: Backend
  readonly #connections: KeptConnections
  /** Those whose answer has not ended. */
  readonly #open = new Set<FetchedRequest>()
  #closed: TetherError | undefined

  constructor(host: Omit<BackendHost, 'wanted'>) {
    // whoever asks here wants the app, whatever Vite's own port is for
    this.#backend = new Backend({ ...host, wanted: () => true })
    this.#connections = new KeptConnections(host.events)
  }

  /** An app's whereabouts have changed in a way that no event of the hub tells. */
  changed(): void {
    this.#backend.changed()
  }

  /**
   * Has the app answer. Rejects with what `request.signal` is aborted with, with the error of its body, with `ERR_CONFIG` if there is no app,
   * and with `ERR_CLOSED`.
   */
  async fetch(request: Request, server: ViteDevServer, { serve }: TetherOptions): Promise<Response> {
    if (request.bodyUsed || request.body?.locked)
      throw new TypeError('dispatchFetch(): the body of the request was read already.')
    request.signal.throwIfAborted()
    if (this.#closed) throw this.#closed
    const timeout = timeoutOf(serve)
    const fetched = new FetchedRequest(request)
    this.#open.add(fetched)
    const end = () => {
      fetched.end()
      this.#open.delete(fetched)
    }
    const reached = await reachApp(
      { backend: this.#backend, timeout },
      {
        ask: (target) => fetched.ask(target, this.#connections.agent, timeout),
        isRepeatable: fetched.isRepeatable,
        isComplete: () => fetched.isSent,
        signal: fetched.signal,
      },
    )
    const say = (text: string) =>
      server.config.logger.error(`[vite-tether] ${request.method} ${printable(request.url)}: ${text}`, {
        timestamp: true,
      })
    if (reached.is === 'answered') {
      void reached.ended.then((error) => {
        end()
        if (error && !fetched.signal.aborted) say(`${reached.name} has broken off its answer (${error.message})`)
      })
      return fetched.response!
    }
    end()
    switch (reached.is) {
      case 'outage': {
        const { status, headers, body } = outageAnswer(askedInOutage(request, server), reached.outage)
        return new Response(body ?? null, { status, headers })
      }
      case 'refused':
        say(reached.text)
        return new Response(`${reached.text}\n`, { status: reached.status, headers: { 'cache-control': 'no-store' } })
      case 'none':
        throw this.#closed ?? noApp()
      default:
        throw fetched.signal.reason
    }
  }

  /** Rejects what waits, and breaks off what is answered. */
  close(error: TetherError): void {
    this.#closed = error
    for (const each of this.#open) each.abort(error)
    this.#connections.close()
  }
}

function noApp(): TetherError {
  return new TetherError(
    'ERR_CONFIG',
    'dispatchFetch() has no app to ask: expected tether({ entry, runnable: false }) with an entry that exports fetch or listens, got no ' +
      'entry. Set it, or call hub.start(entry) first.',
  )
}

/** The connection of a request is not known here: only a server that no other machine reaches is sure to answer this one. */
function askedInOutage({ method, url, headers }: Request, { httpServer }: ViteDevServer): AskedInOutage {
  const address = httpServer?.address() as AddressInfo | null | undefined
  const all = Object.fromEntries(headers)
  const urls = all.origin === undefined ? [url] : [url, all.origin]
  const hosts = urls.map((each) => (URL.canParse(each) ? new URL(each).hostname : ''))
  const isForwarded = all.forwarded !== undefined || all['x-forwarded-for'] !== undefined
  return { method, headers: all, isOwn: !isForwarded && [address?.address ?? '', ...hosts].every(isLoopbackHost) }
}
