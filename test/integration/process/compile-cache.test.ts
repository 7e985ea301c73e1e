import { existsSync, readdirSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

/** Node >= 22.8 has such a cache. */
const CAN_KEEP = 'enableCompileCache' in module

/** Runs an app that imports a package until it is stopped. Returns what is in the cache then. */
async function cached(env: Record<string, string> = {}): Promise<string[]> {
  const { root } = createProject({
    'main.ts': "import value from 'pkg'\nconsole.log('runs ' + value)\nsetInterval(() => {}, 1000)",
    'node_modules/pkg/package.json': '{ "name": "pkg", "main": "index.js" }',
    'node_modules/pkg/index.js': 'module.exports = [1, 2].map((n) => n * 2).join()',
  })
  const { server, hub, line } = await startServer(root, { entry: 'main.ts', env })
  await line(/^runs 2,4$/)
  await hub.stop(hub.runners[0]!.id)
  const cache = join(server.config.cacheDir, 'compile-cache')
  if (!existsSync(cache)) return []
  return readdirSync(cache, { recursive: true, withFileTypes: true }).flatMap((each) =>
    each.isFile() ? each.name : [],
  )
}

test('where Node can, it keeps the compiled code of packages for the next process, in the folder for caches of Vite', async () => {
  expect((await cached()).length > 0).toBe(CAN_KEEP)
})

test('nothing is kept while coverage is measured, which the cache makes less precise', async () => {
  const { root } = createProject({})
  expect(await cached({ NODE_V8_COVERAGE: root })).toEqual([])
})
