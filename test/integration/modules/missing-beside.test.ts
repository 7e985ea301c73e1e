/** Of a folder outside of the root in which a file is missing only that file is watched, not all that lies in it. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

test.each([
  ['an env file of a folder above', { envDir: '..' }],
  ['a folder of public files that does not exist', { publicDir: '../public' }],
])('%s has nothing beside it watched', async (_, config) => {
  const project = createProject({
    'app/main.js': 'setInterval(() => {}, 1000)',
    'app/a.js': '',
    'app/b.js': '',
    'app/c.js': '',
    'beside/deep/file.js': '',
  })
  const { server } = await startServer(project.path('app'), { entry: 'main.js' }, config)
  // all that lies deep would be watched by the time that a save is told
  for (const name of ['a', 'b', 'c']) {
    project.write(`app/${name}.js`, 'saved')
    await once(server.watcher, 'change')
  }
  const folders = Object.keys(server.watcher.getWatched())
  expect(folders).toContain(project.path('app'))
  expect(folders.filter((folder) => folder.startsWith(project.path('beside')))).toEqual([])
})
