import { createServer, createServerModuleRunner } from 'vite'
import { expect, onTestFinished, test } from 'vitest'
import { createProject, type Project } from '../../support/project.ts'
import { attach, startServer, watched } from '../../support/tether.ts'

const FILES = {
  'main.ts': `
    import { a } from './a.ts'
    import { store } from './store.ts'
    export const seen = { a: a(), lazy: undefined, store }
    export const load = async () => { seen.lazy = (await import('./lazy.ts')).lazy }
    import.meta.hot.accept('./a.ts', (next) => { seen.a = next.a() })
    import.meta.hot.accept('./lazy.ts', (next) => { seen.lazy = next.lazy })
  `,
  // a and b import each other
  'a.ts': "import { b } from './b.ts'\nexport const name = 'a1'\nexport const a = () => name + ' ' + b()",
  'b.ts': "import { name } from './a.ts'\nimport './gone.ts'\nexport const b = () => 'b1 of ' + name",
  'gone.ts': `
    import { store } from './store.ts'
    import.meta.hot.dispose(() => store.log.push('disposed'))
    import.meta.hot.prune(() => store.log.push('pruned'))
  `,
  'lazy.ts': "import { value } from './value.ts'\nexport const lazy = 'lazy ' + value",
  'value.ts': 'export const value = 1',
  'store.ts': 'export const store = { log: [] }',
}

/** Edits, each with what there is to see when it is done. */
const EDITS: [what: string, edit: (project: Project) => void, seen: object][] = [
  ['a module in a cycle', (project) => project.edit('a.ts', 'a1', 'a2'), { a: 'a2 b1 of a2' }],
  ['the other one', (project) => project.edit('b.ts', 'b1', 'b2'), { a: 'a2 b2 of a2' }],
  ['below a dynamic import', (project) => project.write('value.ts', 'export const value = 2'), { lazy: 'lazy 2' }],
  [
    'an import that goes, and its file',
    (project) => {
      project.edit('b.ts', "import './gone.ts'\n", '')
      project.remove('gone.ts')
    },
    { store: { log: ['disposed', 'pruned'] } },
  ],
  [
    'a module that is renamed',
    (project) => {
      project.rename('value.ts', 'renamed.ts')
      project.edit('lazy.ts', './value.ts', './renamed.ts')
      project.edit('renamed.ts', '2', '3')
    },
    { lazy: 'lazy 3' },
  ],
]

/** The outcomes of the same edits in Vite's own runner, inside the Vite process. */
async function startVite(root: string) {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { middlewareMode: true, ws: false },
  })
  onTestFinished(() => server.close())
  const runner = createServerModuleRunner(server.environments.ssr, { hmr: { logger: false } })
  await watched(server)
  return (id: string) => runner.import(id)
}

async function startOurs(root: string) {
  const server = await startServer(root, { attach: true })
  const { runner } = await attach(server, root)
  return (id: string) => runner.import(id)
}

test.each([
  ['Vite’s own runner', startVite],
  ['an attached runner', startOurs],
])('cycles, dynamic imports, deleted and renamed modules: %s ends with the same values', async (who, start) => {
  const project = createProject(FILES)
  const main = await (await start(project.root))('/main.ts')
  await main.load()
  expect(main.seen).toEqual({ a: 'a1 b1 of a1', lazy: 'lazy 1', store: { log: [] } })
  for (const [what, edit, seen] of EDITS) {
    edit(project)
    await expect.poll(() => main.seen, { timeout: 5_000, message: `${who}: ${what}` }).toMatchObject(seen)
  }
})
