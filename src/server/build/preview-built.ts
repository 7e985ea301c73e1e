/** `vite preview` runs the server that was built, as production does: in a process of its own, which answers all that comes to Vite's port. */
import { existsSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { relative } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Connect, PreviewServer } from 'vite'
import { TetherError } from '../../shared/errors.ts'
import { isAllowedHost } from '../allowed-hosts.ts'
import { type AppAccess, answerByApp } from '../serve/answer-by-app.ts'
import { answerUpgrade, refuseUpgrade } from '../serve/answer-upgrade.ts'
import { awaitBodies } from '../serve/awaited-bodies.ts'
import { Backend } from '../serve/backend.ts'
import { KeptConnections } from '../serve/kept-connections.ts'
import { isProxied } from '../serve/port-sharing.ts'
import { timeoutOf } from '../serve/reach-app.ts'
import { BuiltProcess } from './built-process.ts'

/**
 * Starts the server `file` of `entry`, which ends with the preview. Returns what is to be called when Vite has its handlers. Rejects with
 * `ERR_ENTRY` if there is no build, and with `ERR_START` if it ends at once.
 */
export async function previewBuilt(server: PreviewServer, entry: string, file: string): Promise<() => void> {
  const { config, middlewares, httpServer } = server
  if (!existsSync(file)) {
    throw new TetherError(
      'ERR_ENTRY',
      `There is no build to preview: ${relative(config.root, file)} does not exist. Run \`vite build\` first.`,
    )
  }
  const built = new BuiltProcess(entry, file)
  const say = (text: string) => config.logger.error(`[vite-tether] ${text}`, { timestamp: true })
  const left = new AbortController()
  const { events } = built
  const access: AppAccess = {
    backend: new Backend({ ...built.host, wanted: () => true }),
    connections: new KeptConnections(events),
    awaited: awaitBodies(httpServer as never, left.signal),
    timeout: timeoutOf(true),
    say,
  }
  const { allowedHosts, headers = {}, https, proxy = {} } = config.preview
  const handle = (request: Connect.IncomingMessage, response: ServerResponse, next: Connect.NextFunction) => {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
    void answerByApp(access, {
      ...{ request, response, url: request.originalUrl ?? request.url ?? '/' },
      ...{ pass: next, isShared: false },
    })
  }
  middlewares.use(handle)
  httpServer.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (isProxied(request.url ?? '/', proxy)) return
    if (!https && allowedHosts !== true && !isAllowedHost(request.headers.host ?? '', allowedHosts)) {
      refuseUpgrade(socket, 403, 'This host is not allowed: see preview.allowedHosts of Vite')
    } else void answerUpgrade(access, { request, socket, head })
  })
  const close = server.close.bind(server)
  server.close = async () => {
    // first: Vite waits for connections, and the app has those that were upgraded
    await built.end()
    left.abort()
    access.connections.close()
    await close()
  }
  await built.begun
  events.on('exit', () => say(built.reason!))
  return () => {
    // behind the proxy and before everything else: what it answers is what production does
    const { stack } = middlewares
    const at = stack.findIndex((layer) => layer.handle === handle)
    const [layer] = stack.splice(at, 1)
    const proxied = stack.findIndex(({ handle: each }) => (each as { name?: string }).name === 'viteProxyMiddleware')
    stack.splice(proxied < 0 ? at : proxied + 1, 0, layer!)
  }
}
