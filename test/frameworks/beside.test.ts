/**
 * Tether beside frameworks that serve pages through Vite: the page and an app of tether import the same module, which is saved
 * ten times. Each save has to reach both, and neither may stop the other.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { installTether, modules, serve } from './support.ts'

/** Some of them need a newer Node than the one that runs the tests: it comes from the registry. */
const node = join(modules, '.bin/node')

const VITE = ['vite/bin/vite.js', 'dev']

/** The command of each dev server, its script below `node_modules`; `server.js` is one of the app's own. */
const SERVERS: Record<string, string[]> = {
  'ssr-express': [],
  hono: VITE,
  'react-router': ['@react-router/dev/bin.js', 'dev'],
  sveltekit: VITE,
  'tanstack-start': VITE,
  vike: ['vike/bin.js', 'dev'],
  nitro: VITE,
  astro: ['astro/bin/astro.mjs', 'dev'],
  cloudflare: VITE,
}

beforeAll(installTether)

test.each(Object.entries(SERVERS))(
  '%s serves each save of a module that an app of tether runs, too',
  async (name, [script, ...words]) => {
    const { server, path, shows } = await serve(name, node, (port) =>
      script ? [join(modules, script), ...words, '--port', String(port), '--host', '127.0.0.1'] : ['server.js'],
    )
    await shows('page v0')
    await server.match(/worker v0/)
    for (let save = 1; save <= 10; save++) {
      writeFileSync(path('src/value.js'), `export const value = 'v${save}'\n`)
      await shows(`page v${save}<`)
      await server.match(new RegExp(`worker v${save}\\n`))
    }
    expect(server.text).not.toMatch(/uncaught|unhandled|ERR_CLOSED/i)
  },
  120_000,
)
