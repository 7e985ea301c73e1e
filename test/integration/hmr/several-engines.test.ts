import { expect, test } from 'vitest'
import type { Applied } from '../../../src/shared/types.ts'
import { createProject } from '../../support/project.ts'
import { attach, startServer } from '../../support/tether.ts'

/** Two runners whose entries share a module; one accepts it, the other does not. */
async function start() {
  const project = createProject({
    'accepting.js': `
        import { shared } from './shared'
        export const seen = [shared.name]
        import.meta.hot.accept('./shared', (module) => seen.push(module.shared.name))`,
    'open.js': `import { shared } from './shared'; export const name = shared.name; export const state = {}`,
    'alone.js': `import './own'; export const state = {}`,
    'own.js': `export const n = 1; import.meta.hot.accept()`,
    'shared.js': `export const shared = { name: 'one' }`,
    'parent-a.js': `import './child'; import.meta.hot.accept(); export const n = (globalThis.parents ??= []).push('a')`,
    'parent-b.js': `import './child'; export const n = (globalThis.parents ??= []).push('b')`,
    'child.js': `export const n = 1; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
  })
  const server = await startServer(project.root, { attach: true })
  const reports: Record<string, Applied[]> = {}
  const begin = async (name: string) => {
    const { runner, applied } = await attach(server, project.root, { name })
    runner.on('applied', (report) => {
      reports[name] = [...(reports[name] ?? []), report]
    })
    return { runner, applied, exports: await runner.import(`/${name}.js`) }
  }
  return { project, begin, reports }
}

test('several runners on one server: each does its own right thing with the same save', async () => {
  const { project, begin, reports } = await start()
  const accepting = await begin('accepting')
  const open = await begin('open')
  const alone = await begin('alone')
  const done = Promise.all([accepting.applied(), open.applied()])
  project.edit('shared.js', 'one', 'two')
  await done
  expect(reports.accepting).toMatchObject([{ outcome: 'updated', evaluated: 1 }])
  expect(reports.open).toMatchObject([{ outcome: 'reloaded', evaluated: 2 }])
  expect(accepting.exports.seen).toEqual(['one', 'two'])
  expect((await open.runner.import('/open.js')).name).toBe('two')

  const own = alone.applied()
  project.edit('own.js', '1', '2')
  await own
  expect(reports.alone).toHaveLength(1)
  expect(reports.accepting).toHaveLength(1)
})

test('several runners on one server: each handles its own invalidate()', async () => {
  const { project, begin, reports } = await start()
  const a = await begin('parent-a')
  const b = await begin('parent-b')
  const parents = (globalThis as unknown as { parents: string[] }).parents
  parents.length = 0
  const both = Promise.all([a.applied(), b.applied()])
  project.edit('child.js', '1', '2')
  await both
  await expect.poll(() => parents.toSorted()).toEqual(['a', 'b'])
  await expect.poll(() => [reports['parent-a']?.length, reports['parent-b']?.length]).toEqual([2, 2])
  expect(reports['parent-a']!.map(({ outcome }) => outcome)).toEqual(['updated', 'updated'])
  expect(reports['parent-b']!.map(({ outcome }) => outcome)).toEqual(['updated', 'reloaded'])
})
