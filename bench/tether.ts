/** The built package, and a Vite server with it. */
import { createServer, type Plugin } from 'vite'

const built = (await import('vite-tether' as string)) as typeof import('../src/index.ts')

/** The plugin. */
export const tether = built.tether

/** Starts Vite with the plugin, without a config file and without an http listener. */
export async function vite(plugin: Plugin) {
  const server = await createServer({
    configFile: false,
    appType: 'custom',
    server: { middlewareMode: true, ws: false },
    environments: { client: { optimizeDeps: { noDiscovery: true } } },
    plugins: [plugin],
  })
  const hub = built.getTether(server)
  await hub.ready
  return { server, hub }
}
