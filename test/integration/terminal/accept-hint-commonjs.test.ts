import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

test.each([
  ['TypeScript of a package of ES modules', { 'package.json': '{ "type": "module" }' }, 'src/main.ts', false],
  ['TypeScript of a package that does not say so', { 'package.json': '{}' }, 'src/main.ts', true],
  ['TypeScript that is an ES module by its name', { 'package.json': '{}' }, 'src/main.mts', false],
  ['JavaScript of a package that does not say so', { 'package.json': '{}' }, 'src/main.js', false],
])('the accept hint for %s', async (_, files, entry, hasLine) => {
  const text = "import { setInterval } from 'node:timers'\nsetInterval(() => {}, 1e6)\nconsole.log('one')\n"
  const { project, line, lines } = await startApp({ ...files, [entry]: text }, { entry })
  await line(/^one$/)
  project.edit(entry, 'one', 'two')
  await line(/import\.meta\.hot\?\.accept\(\)/)
  await line(/^two$/)
  expect(lines.some((each) => /^\s*module\.hot\?\.accept\(\) \/\/ instead/.test(each))).toBe(hasLine)
})
