import { expect, test } from 'vitest'
import { createRecords, type Holds } from '../../../src/server/modules/records.ts'
import { createProject } from '../../support/project.ts'
import { fetchAll, startEnvironment } from '../../support/records.ts'

const nothing: Holds = () => undefined

const CHAIN = {
  'src/a.ts': 'import { b } from "./b"\nimport "node:fs"\nexport const a: string = b',
  'src/b.ts': 'import { c } from "./c.ts"\nexport const b = c\nexport const late = () => import("./late.ts")',
  'src/c.ts': 'export const c = "c"',
  'src/late.ts': 'export default 1',
}

test('one fetch answers with the whole static graph, and says which specifier is which module', async () => {
  const project = createProject(CHAIN)
  const records = createRecords(await startEnvironment(project.root))
  const answer = await fetchAll(records, '/src/a.ts')
  expect(answer.id).toBe(project.path('src/a.ts'))
  expect(answer.modules.map(({ url }) => url).sort()).toEqual(['/src/a.ts', '/src/b.ts', '/src/c.ts'])
  const a = answer.modules.find(({ url }) => url === '/src/a.ts')!
  expect(a.deps).toEqual({ '/src/b.ts': project.path('src/b.ts') })
  const b = answer.modules.find(({ url }) => url === '/src/b.ts')!
  expect(b.dynamicDeps).toEqual({ '/src/late.ts': project.path('src/late.ts') })
})

test('what the runner holds is not sent again', async () => {
  const project = createProject(CHAIN)
  const records = createRecords(await startEnvironment(project.root))
  const first = await fetchAll(records, '/src/b.ts')
  const held = new Map(first.modules.map(({ id, version }) => [id, version]))
  const second = await fetchAll(records, '/src/a.ts', (id) => held.get(id))
  expect(second.modules.map(({ url }) => url)).toEqual(['/src/a.ts'])
})

test('an edit gives the module a greater version and leaves its importers their own', async () => {
  const project = createProject(CHAIN)
  const environment = await startEnvironment(project.root)
  const records = createRecords(environment)
  const first = await fetchAll(records, '/src/a.ts')
  const held = new Map(first.modules.map(({ id, version }) => [id, version]))
  project.edit('src/c.ts', '"c"', '"d"')
  const c = environment.moduleGraph.getModuleById(project.path('src/c.ts'))!
  environment.moduleGraph.invalidateModule(c, new Set(), Date.now() + 1, true)
  const holds: Holds = (id) => held.get(id)
  const { modules } = await records.collect(records.affected([c.id!], holds), holds)
  expect(modules.map(({ url }) => url)).toEqual(['/src/c.ts'])
  expect(modules[0]!.version).toBeGreaterThan(Math.max(...held.values()))
})

test('a comment above the code changes the map, not the hash', async () => {
  const project = createProject({ 'a.ts': 'export const a: number = 1' })
  const environment = await startEnvironment(project.root)
  const records = createRecords(environment)
  const id = project.path('a.ts')
  const before = (await records.collect([id], nothing)).modules[0]!
  project.write('a.ts', '/* new */\nexport const a: number = 1')
  environment.moduleGraph.invalidateAll()
  const after = (await records.collect([id], nothing)).modules[0]!
  expect(after.version).toBeGreaterThan(before.version)
  expect({ same: after.hash === before.hash, code: after.code }).toEqual({
    same: after.code === before.code,
    code: after.code,
  })
})

test('a module that does not exist is named together with its importer', async () => {
  const project = createProject({ 'a.ts': 'import "./nope"' })
  const records = createRecords(await startEnvironment(project.root))
  const answer = await fetchAll(records, '/a.ts')
  expect(answer.failed).toHaveLength(1)
  expect(answer.failed[0]!.error).toMatchObject({
    code: 'ERR_MODULE_NOT_FOUND',
    message: expect.stringContaining(
      `Cannot find module '${project.path('nope')}' imported from '${project.path('a.ts')}'`,
    ),
  })
  expect(records.waitingFor(project.path('nope.ts'))).toEqual([project.path('a.ts')])
  expect(records.waitingFor(project.path('nope/index.ts'))).toEqual([project.path('a.ts')])
  expect(records.waitingFor(project.path('nopes.ts'))).toEqual([])
})

test('a syntax error keeps its position and code frame', async () => {
  const project = createProject({ 'a.ts': 'export const a = 1\nexport const b = = 2' })
  const records = createRecords(await startEnvironment(project.root))
  const answer = await fetchAll(records, '/a.ts')
  const { error } = answer.failed[0]!
  expect(JSON.stringify(error)).toMatch(/a\.ts/)
  expect(`${error.message}${error.frame}`).toMatch(/2/)
})

test('files on the deny list and outside the root are refused', async () => {
  const project = createProject({
    'app/a.ts': '',
    'app/.env': 'SECRET=1',
    'outside.txt': 'secret',
    'app/package.json': '{}',
  })
  const records = createRecords(await startEnvironment(project.path('app')))
  for (const specifier of [
    '/.env?raw',
    `/@fs${project.path('outside.txt')}?raw`,
    `${project.path('outside.txt')}?raw`,
  ]) {
    const answer = await fetchAll(records, specifier)
    expect(JSON.stringify(answer)).not.toMatch(/SECRET|secret/)
  }
})

test('virtual modules and node builtins are told apart', async () => {
  const project = createProject({ 'a.ts': 'import fs from "fs"; import "left-pad"; export default fs' })
  const records = createRecords(await startEnvironment(project.root))
  expect(await records.fetch('node:fs', undefined, nothing, () => {})).toEqual({ external: 'node:fs' })
  const answer = await fetchAll(records, './a.ts')
  expect(answer.url).toBe('/a.ts')
  expect(answer.modules[0]!.deps).toEqual({})
})
