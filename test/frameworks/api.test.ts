/** An app that answers requests, on the port of a framework that serves pages: each gets its own, over a save of what both import. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { installTether, modules, serve } from './support.ts'

/** Some of them need a newer Node than the one that runs the tests: it comes from the registry. */
const node = join(modules, '.bin/node')
const VITE = ['vite/bin/vite.js', 'dev']
const SERVERS: Record<string, string[]> = {
  'react-router': ['@react-router/dev/bin.js', 'dev'],
  sveltekit: VITE,
  'tanstack-start': VITE,
  nitro: VITE,
  astro: ['astro/bin/astro.mjs', 'dev'],
  cloudflare: VITE,
}

const api = `
  import { value } from './value.js'
  export default { fetch: () => new Response('api ' + value) }
`

beforeAll(installTether)

test.each(Object.entries(SERVERS))(
  '%s serves its pages beside the routes of an app of tether',
  async (name, [script, ...words]) => {
    const { server, url, path, shows } = await serve(
      name,
      node,
      (port) => [join(modules, script!), ...words, '--port', String(port), '--host', '127.0.0.1'],
      undefined,
      (root) => {
        const config = readdirSync(root).find((file) => /^(vite|astro)\.config\./.test(file))!
        const text = readFileSync(join(root, config), 'utf8')
        const served = text.replace("entry: 'src/worker.js'", "entry: 'src/api.js', serve: { routes: '/api' }")
        // Nitro answers whatever comes to it: what is the app's has to come first
        writeFileSync(join(root, config), served.replace(/(nitro\(.*?\)), (tether\(.*\))\]/, '$2, $1]'))
        writeFileSync(join(root, 'src/api.js'), api)
      },
    )
    await shows('page v0')
    await shows('api v0', '/api/x')
    writeFileSync(path('src/value.js'), "export const value = 'v1'\n")
    await shows('page v1<')
    await shows('api v1', '/api/x')
    const posted = await fetch(`${url}/api/y`, { method: 'POST', body: 'x' })
    expect(await posted.text()).toBe('api v1')
    expect(server.text).not.toMatch(/uncaught|unhandled|ERR_CLOSED/i)
  },
  120_000,
)
