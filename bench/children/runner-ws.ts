/**
 * Vite's ModuleRunner in a process of its own, over a WebSocket, as Vite's documentation describes it: `node runner-ws.js
 * <entry>`. Listens on LINK_PORT; the app process connects to LINK_VIA. The message `restart` replaces that process.
 */
import { resolve } from 'node:path'
import { createServer, DevEnvironment, type HotChannel, type HotChannelClient } from 'vite'
import { WebSocketServer } from 'ws'
import { child } from '../paths.ts'
import { respawn } from '../respawn.ts'

type Listener = (data: unknown, client: HotChannelClient) => void

const entry = resolve(process.argv[2]!)
const server = await createServer({
  configFile: false,
  appType: 'custom',
  server: { middlewareMode: true, ws: false },
  environments: {
    client: { optimizeDeps: { noDiscovery: true } },
    ssr: {
      dev: {
        createEnvironment: (name, config) =>
          new DevEnvironment(name, config, { hot: true, transport: createChannel() }),
      },
    },
  },
})
const app = respawn([child('runner-ws-app'), entry], { LINK_URL: `ws://127.0.0.1:${process.env.LINK_VIA}` })
process.on('message', async () => {
  await app.restart()
  process.send!('restarted')
})
process.once('SIGTERM', () => server.close())

function createChannel(): HotChannel {
  const listeners = new Map<string, Set<Listener>>()
  const sockets = new WebSocketServer({
    host: '127.0.0.1',
    port: Number(process.env.LINK_PORT),
    perMessageDeflate: false,
  })
  sockets.on('connection', (socket) => {
    const client: HotChannelClient = { send: (payload) => socket.send(JSON.stringify(payload)) }
    socket.on('message', (text) => {
      const payload = JSON.parse(String(text))
      if (payload.type !== 'custom') return
      for (const listener of listeners.get(payload.event) ?? []) listener(payload.data, client)
    })
  })
  return {
    send(payload) {
      for (const socket of sockets.clients) socket.send(JSON.stringify(payload))
    },
    on(event: string, listener: Listener) {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener))
    },
    off(event, listener) {
      listeners.get(event)?.delete(listener as Listener)
    },
    close: () => sockets.close(),
  }
}
