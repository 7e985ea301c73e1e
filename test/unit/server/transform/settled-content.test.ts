import { utimesSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contentOf } from '../../../../src/server/transform/settled-content.ts'
import { createProject } from '../../../support/project.ts'

const WHOLE = 'export const n = 10'

test('code that is only the beginning of a file that was just saved is completed', async () => {
  const project = createProject({ 'a.ts': WHOLE })
  expect(await contentOf('export const n = 1', project.path('a.ts'))).toBe(WHOLE)
})

test('code that is all of the file, or something else, is left as it is', async () => {
  const project = createProject({ 'a.ts': WHOLE })
  const file = project.path('a.ts')
  expect(await contentOf(WHOLE, file)).toBeUndefined()
  expect(await contentOf('// a plugin has made this', file)).toBeUndefined()
  expect(await contentOf(WHOLE, project.path('gone.ts'))).toBeUndefined()
  expect(await contentOf(WHOLE, '\0virtual')).toBeUndefined()
})

test('a file that was saved a while ago was read as a whole: what begins like it is of a plugin', async () => {
  const project = createProject({ 'a.ts': WHOLE })
  const before = new Date(Date.now() - 10_000)
  utimesSync(project.path('a.ts'), before, before)
  expect(await contentOf('export', project.path('a.ts'))).toBeUndefined()
})
