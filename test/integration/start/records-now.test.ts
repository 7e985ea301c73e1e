/** The code that is kept is that of the source that Vite has read last: there is none of a source that fails. */
import { expect, test } from 'vitest'
import { createRecords } from '../../../src/server/modules/records.ts'
import { createProject } from '../../support/project.ts'
import { fetchAll, startEnvironment } from '../../support/records.ts'

test('a module has no record from a save on until its code is there, and one that was saved with an error has none', async () => {
  const project = createProject({
    'a.ts': 'import { b } from "./b.ts"\nexport const a = b',
    'b.ts': 'export const b: number = 1',
  })
  const environment = await startEnvironment(project.root, null)
  const records = createRecords(environment)
  await fetchAll(records, '/a.ts')
  const b = project.path('b.ts')
  expect(records.idOf('/b.ts')).toBe(b)
  const first = records.current(b)
  expect(first?.code).toContain('const b = 1')

  project.write('b.ts', 'export const b: number = ')
  environment.moduleGraph.onFileChange(b)
  expect(records.current(b)).toBeUndefined()
  await records.refresh('/a.ts')
  expect(records.current(b)).toBeUndefined()

  project.write('b.ts', 'export const b: number = 2')
  environment.moduleGraph.onFileChange(b)
  await records.refresh('/a.ts')
  expect(records.current(b)?.code).toContain('const b = 2')
  expect(records.current(project.path('a.ts'))).toBeDefined()
})
