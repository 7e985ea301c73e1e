/** Answers the requests of the page: its files, its data, its two actions. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DevEnvironment } from 'vite'
import { distPath } from '../../shared/util/dist-files.ts'
import type { TetherHub } from '../hub-types.ts'
import { placeOfModule, searchModules } from './module-search.ts'
import { refusalOf } from './page-access.ts'
import { PageStreams } from './page-stream.ts'
import { shell } from './shell.ts'
import type { Timeline } from './timeline.ts'

/** The hub, as the page needs it. */
export interface PageHub extends TetherHub {
  readonly timeline: Timeline
  /** Vite's environment that serves, or served last; throws before there is one. */
  readonly environment: DevEnvironment
}

/** The page at one address. */
export interface Page {
  /** Answers a request for `path`, which begins behind the address of the page: `/`, `/events`. */
  answer(path: string, request: IncomingMessage, response: ServerResponse): void
  /** Ends its streams. */
  close(): void
}

const FILES: Record<string, string> = { '/page.js': 'text/javascript', '/style.css': 'text/css' }

/** Sent with each answer. Nothing is loaded from elsewhere, and only pages of this very port (DevTools) can have this one in a frame. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Makes the page; its token is another one each time. */
export function createPage(hub: PageHub): Page {
  const token = randomBytes(24).toString('base64url')
  const page = randomBytes(8).toString('base64url')
  const streams = new PageStreams(hub, hub.timeline, () => ({ page, root: hub.environment.config.root }))

  async function answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(path, 'http://page')
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    // Vite lets other pages of this machine read its answers
    response.removeHeader('access-control-allow-origin')
    const refusal = refusalOf(request, token, pathname === '/')
    if (refusal) return send(response, refusal.status, 'text/plain', refusal.text)
    if (request.method === 'POST') return act(pathname, searchParams.get('id') ?? '', response)
    if (pathname === '/') return send(response, 200, 'text/html', shell(token))
    if (pathname === '/events') return streams.open(response)
    if (pathname === '/graph') return graph(searchParams, response)
    if (!Object.hasOwn(FILES, pathname)) return send(response, 404, 'text/plain', 'There is no such part of the page.')
    send(response, 200, FILES[pathname]!, await readFile(distPath(`page${pathname}`)))
  }

  function graph(params: URLSearchParams, response: ServerResponse): void {
    const { moduleGraph } = hub.environment
    const url = params.get('module')
    const found =
      url === null ? searchModules(moduleGraph, params.get('search') ?? '') : placeOfModule(moduleGraph, url)
    send(response, found ? 200 : 404, 'application/json', JSON.stringify(found ?? null))
  }

  async function act(pathname: string, id: string, response: ServerResponse): Promise<void> {
    if (pathname === '/restart') await hub.restart(id)
    else if (pathname === '/stop') await hub.stop(id)
    else return send(response, 404, 'text/plain', 'There is no such action.')
    send(response, 204)
  }

  return {
    answer(path, request, response) {
      answer(path, request, response).catch((error: Error) => {
        if (response.headersSent) response.destroy()
        else send(response, 409, 'text/plain', error.message)
      })
    },
    close: () => streams.close(),
  }
}

function send(response: ServerResponse, status: number, type?: string, body?: string | Buffer): void {
  response.statusCode = status
  if (type) response.setHeader('content-type', `${type}; charset=utf-8`)
  response.end(body)
}
