/** The page on a port of its own, for a server without one. Only this machine can reach it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PAGE_PATH } from './mount.ts'
import { isOwnHost } from './page-access.ts'
import { createPage, type PageHub } from './page-handler.ts'

const HOST = '127.0.0.1'

/** Opens the port; 0 is a free one. Resolves with the page's URL, or rejects with the error of the port. It keeps no process alive. */
export async function openPage(hub: PageHub, port: number): Promise<string> {
  const page = createPage(hub)
  const server = createServer((request, response) => {
    const { url = '/', headers } = request
    // a name that an attacker's DNS server has pointed here is no name of this machine
    if (!isOwnHost(headers.host)) response.writeHead(403).end('This host name is not allowed.')
    else if (url.startsWith(`${PAGE_PATH}/`)) page.answer(url.slice(PAGE_PATH.length), request, response)
    else response.writeHead(302, { location: `${PAGE_PATH}/` }).end()
  })
  server.on('connection', (socket) => socket.unref())
  server.listen(port, HOST).unref()
  await once(server, 'listening')
  return `http://${HOST}:${(server.address() as AddressInfo).port}${PAGE_PATH}/`
}
