/** Whole frameworks as the app itself, unchanged: started, restarted, kept serving through a syntax error. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, test } from 'vitest'
import { installTether, modules, serve } from './support.ts'

interface Whole {
  entry: string
  /** The file whose 'v0' the page at `url` shows. */
  file: string
  url?: string
}

const APPS: Record<string, Whole> = {
  adonis: { entry: 'bin/server.ts', file: 'app/services/page_service.ts' },
  feathers: { entry: 'src/server.ts', file: 'src/page.ts' },
  moleculer: { entry: 'src/server.js', file: 'src/services/page.service.js' },
  trpc: { entry: 'src/server.ts', file: 'src/page.ts', url: '/page' },
}

beforeAll(installTether)

test.each(Object.entries(APPS))(
  '%s runs, restarts for each save and serves its old code through a syntax error',
  async (name, { entry, file, url }) => {
    const { server, path, shows } = await serve(name, process.execPath, () => [
      join(modules, 'vite-tether/bin/vite-tether.js'),
      entry,
    ])
    const source = readFileSync(path(file), 'utf8')
    const save = (value: string) => writeFileSync(path(file), source.replace('v0', value))
    await shows('page v0', url)
    save('v1')
    await shows('page v1', url)
    const from = server.text.length
    save("v2' ) (")
    await server.match(/update failed|cannot start|Unexpected|SyntaxError|Expected/, from)
    await shows('page v1', url)
    save('v3')
    await shows('page v3', url)
  },
  60_000,
)
