/** The oracle of the invariant's test says which file a specifier means; this is what makes it credible: Vite says the same. */

import { createServer } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { type Module, resolve } from '../../support/invariant-model.ts'
import { createProject } from '../../support/project.ts'

const TARGETS = ['.js', '.ts', '/index.js', '/index.ts', '.json']
const SPELLINGS = ['', '.js', '.ts', '.json', '/index', '/index.js', '/index.ts']
const IMPORTERS = ['src/from.js', 'src/from.ts', 'src/from/index.js', 'src/from/index.ts']

test('a specifier means the file for the model that it means for Vite, whatever the importer is', async () => {
  const module = (path: string, id: number): Module => ({
    id,
    type: path.endsWith('.json') ? 'json' : 'js',
    path,
    n: 1,
    imports: [],
    names: [],
    keeps: false,
    absent: false,
  })
  // one target of each name for each importer: Vite remembers what it has resolved
  const targets = TARGETS.flatMap((end, i) => IMPORTERS.map((_, j) => `src/t${i}${j}${end}`))
  const world = { modules: [...IMPORTERS, ...targets].map(module) }
  const project = createProject(Object.fromEntries(world.modules.map(({ path }) => [path, '{}'])))
  const server = await createServer({
    root: project.root,
    configFile: false,
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { middlewareMode: true, ws: false, watch: null },
  })
  onTestFinished(() => server.close())

  const said: string[] = []
  const expected: string[] = []
  for (const [j, importer] of IMPORTERS.entries()) {
    for (const i of TARGETS.keys()) {
      for (const spelling of SPELLINGS) {
        const specifier = `${importer.includes('/index') ? '..' : '.'}/t${i}${j}${spelling}`
        const line = (path: string | undefined) => `${specifier} of ${importer}: ${path}`
        const resolved = await server.environments.ssr.pluginContainer.resolveId(specifier, project.path(importer))
        said.push(line(resolved?.id.slice(project.root.length + 1)))
        expected.push(line(resolve(world, world.modules[j]!, specifier)?.path))
      }
    }
  }
  expect(expected).toEqual(said)
})
