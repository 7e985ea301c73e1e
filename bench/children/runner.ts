/** Vite's ModuleRunner in Vite's own process, with HMR: what frameworks on Vite run. `node runner.js <entry>` */
import { resolve } from 'node:path'
import { createServer, isRunnableDevEnvironment } from 'vite'

const entry = resolve(process.argv[2]!)
const server = await createServer({
  configFile: false,
  appType: 'custom',
  server: { middlewareMode: true, ws: false },
  environments: { client: { optimizeDeps: { noDiscovery: true } } },
})
const { ssr } = server.environments
if (!ssr || !isRunnableDevEnvironment(ssr)) throw new Error("Expected Vite's environment 'ssr' to have a runner")
await ssr.runner.import(entry)
