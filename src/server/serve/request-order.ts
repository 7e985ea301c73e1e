/** Whose a request is, Vite's or the app's. Looks at the request, the options and the files of the project. */
import { existsSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { ResolvedConfig } from 'vite'
import { decoded, isNavigation, isRead, pathOf, toRule, withoutBase } from '../../shared/util/request-paths.ts'
import type { ServeOptions } from '../options.ts'
import { mayFind } from './search-of-vite.ts'

/** `app`: its answer counts. `app-first`: Vite answers what the app answers with 404. */
export type Side = 'app' | 'app-first' | 'vite'

/** Decides at three moments. */
export interface RequestOrder {
  /** Before Vite's handlers. `url` is the one of the client. */
  before(request: IncomingMessage, url: string): Side
  /** When Vite is about to search for a file. */
  atSearch(request: IncomingMessage): Side
  /** When Vite has no file but maybe a page: `request.url` is the page's then, without Vite's base. */
  after(request: IncomingMessage, url: string): Side
}

/** Makes the rules of a server. */
export function createOrder(
  config: Pick<ResolvedConfig, 'root' | 'base' | 'appType' | 'server' | 'resolve'>,
  options: ServeOptions,
): RequestOrder {
  const { root, base, appType } = config
  const { order = 'auto' } = options
  const isRoute = [options.routes ?? []].flat().map(toRule)
  // somebody's own server has handlers behind Vite's
  const restOf = (request: IncomingMessage) => (config.server.middlewareMode && isRead(request) ? 'app-first' : 'app')
  const hasPages = appType === 'spa' || appType === 'mpa'

  function after(request: IncomingMessage, url: string): Side {
    if (!isRead(request) || !hasPages) return restOf(request)
    const page = pathOf(request.url!)
    if (!page.endsWith('.html') || !existsSync(join(root, decoded(page) ?? page))) return restOf(request)
    if (!isFallback(page, withoutBase(pathOf(url), base))) return 'vite'
    // Vite has put its page in place of a path that it does not know
    if (!isNavigation(request)) return restOf(request)
    return order === 'post' ? 'vite' : 'app-first'
  }

  return {
    before(request, url) {
      const path = pathOf(url)
      if (isRoute.some((each) => each(url, path))) return 'app'
      if (!path.startsWith(base)) return isRead(request) ? 'app-first' : 'app'
      if (order !== 'pre' || isOfVite(request, withoutBase(path, base))) return 'vite'
      return isRead(request) ? 'app-first' : 'app'
    },
    atSearch: (request) => (mayFind(config, request) ? 'vite' : restOf(request)),
    after,
  }
}

/** `true` if Vite's fallback page was put in place of `path`. */
function isFallback(page: string, path: string): boolean {
  return page === '/index.html' && !['', '/', '/index', '/index.html'].includes(path)
}

/** `true` for what only Vite can answer: `/@vite/client`, `/@fs/...`, modules of plugins, the ping of its client. */
function isOfVite({ headers }: IncomingMessage, path: string): boolean {
  return headers.accept === 'text/x-vite-ping' || path.startsWith('/@') || path === '/__open-in-editor'
}
