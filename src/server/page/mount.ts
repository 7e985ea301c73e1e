/** Puts the page on the port of Vite's dev server, for as long as no other machine can reach that, or the user wants it anyway. */
import type { AddressInfo } from 'node:net'
import type { Connect, ViteDevServer } from 'vite'
import { isLoopbackAddress } from './page-access.ts'
import { createPage, type Page, type PageHub } from './page-handler.ts'

/** The path of the page. Upgrades at it are those of the attach point. */
export const PAGE_PATH = '/__tether'

const OFF =
  'The page of vite-tether is off, because other machines can reach this server. To have it all the same: tether({ ui: true }).'

/** Adds the page to `server`. `ui`: the option. Vite's check of the host name comes before. */
export function mountPage(server: ViteDevServer, hub: PageHub, ui: boolean | undefined): Page {
  const page = createPage(hub)
  server.middlewares.use(PAGE_PATH, ((request, response, next) => {
    const { url = '/', originalUrl = '' } = request
    if (ui !== true && !isPrivate(server, request)) response.writeHead(403, { 'content-type': 'text/plain' }).end(OFF)
    else if (originalUrl.replace(/\?.*$/s, '') === PAGE_PATH) {
      if (request.method === 'GET') response.writeHead(302, { location: `${PAGE_PATH}/` }).end()
      else next()
    } else page.answer(url, request, response)
  }) satisfies Connect.NextHandleFunction)
  announce(server)
  return page
}

/** `true` if only this machine can reach the server. In a server of somebody else's the connection is all that is known. */
function isPrivate({ httpServer }: ViteDevServer, { socket }: Connect.IncomingMessage): boolean {
  const bound = httpServer?.address() as AddressInfo | null | undefined
  if (bound) return isLoopbackAddress(bound.address)
  return isLoopbackAddress(socket.localAddress) && isLoopbackAddress(socket.remoteAddress)
}

/** Vite prints its addresses when it listens: the page's comes below them. */
function announce(server: ViteDevServer): void {
  const { printUrls } = server
  server.printUrls = () => {
    printUrls.call(server)
    const [local] = server.resolvedUrls?.local ?? []
    if (local !== undefined) server.config.logger.info(`  ➜  Tether: ${new URL(`${PAGE_PATH}/`, local).href}`)
  }
}
