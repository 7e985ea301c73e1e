/** No hint how to accept updates is given for an app that was saved before it had come to what accepts them. */
import { expect, onTestFailed, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

test('an entry that is served, and saved while it starts', async () => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'src/slow.ts': `
      import { existsSync } from 'node:fs'
      console.log('starts', process.pid)
      while (!existsSync(new URL('../go', import.meta.url))) await new Promise((resolve) => setTimeout(resolve, 20))
    `,
    'src/main.ts': "import './slow.ts'\nexport default { fetch: () => new Response('one') }",
  })
  const { lines, line } = await startServer(project.root, { entry: 'src/main.ts' })
  onTestFailed(() => console.error(lines.join('\n')))
  await line(/starts \d+/)
  project.edit('src/main.ts', 'one', 'two')
  await line(/restarted: nothing accepts src\/main\.ts/)
  project.write('go', '')
  await line(/serves src\/main\.ts/)
  project.edit('src/main.ts', 'two', 'three')
  await line(/hot updated: src\/main\.ts/)
  expect(lines.filter((each) => each.includes('nothing in this app accepts updates'))).toEqual([])
})
