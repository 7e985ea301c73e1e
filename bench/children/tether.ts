/** This project through its API: `node tether.js <entry>`. The message `restart` calls `hub.restart()`. */
import { createServer } from 'vite'

const { tether, getTether } = (await import('vite-tether' as string)) as typeof import('../../src/index.ts')
const server = await createServer({
  configFile: false,
  appType: 'custom',
  server: { middlewareMode: true, ws: false },
  environments: { client: { optimizeDeps: { noDiscovery: true } } },
  plugins: [tether({ entry: process.argv[2]! })],
})
const hub = getTether(server)
await hub.ready
process.on('message', async () => {
  await hub.restart()
  process.send!('restarted')
})
