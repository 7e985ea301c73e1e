import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { expect, test } from 'vitest'

import { startApp } from '../../support/app.ts'
import { createProject } from '../../support/project.ts'

type Log = { event: string; runner: string }

test('the plugin of the page in docs writes a line for each event', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/page.md'), 'utf8')
  const [, code] = /```ts\n(import \{ appendFileSync \}.*?)```/s.exec(page)!
  const { path } = createProject({
    'tether-log.ts': code!.replace("'vite-tether'", `'${join(import.meta.dirname, '../../../src/index.ts')}'`),
  })
  const { tetherLog } = (await import(path('tether-log.ts'))) as { tetherLog(file: string): Plugin }
  const log = path('events.log')
  const app = await startApp(
    {
      'src/main.ts': "import './dep.ts'\nsetInterval(() => {}, 1000)",
      'src/dep.ts': 'export {}\nimport.meta.hot?.accept()',
    },
    {},
    { plugins: [{ ...tetherLog(log), enforce: 'post' }] },
  )
  const logged = () =>
    readFileSync(log, { encoding: 'utf8', flag: 'a+' })
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Log)
  await expect.poll(() => logged().map(({ event }) => event)).toContain('ready')
  app.project.write('src/dep.ts', 'export const changed = true\nimport.meta.hot?.accept()')
  await expect
    .poll(() => logged().at(-1))
    .toMatchObject({ event: 'update', runner: 'main.ts', outcome: 'updated', evaluated: 1 })
  app.project.write('src/main.ts', "import './dep.ts'\nsetInterval(() => {}, 2000)")
  await expect
    .poll(() => logged().map(({ event }) => event))
    .toEqual(['ready', 'update', 'update', 'restart', 'exit', 'ready'])
})

test.each([
  ['hotUpdate', { name: 'taker', hotUpdate: () => [] }, false],
  ['handleHotUpdate', { name: 'taker', handleHotUpdate: () => [] }, false],
  [
    'hotUpdate',
    {
      name: 'taker',
      hotUpdate() {
        throw new Error('on purpose')
      },
    },
    true,
  ],
] as [string, Plugin, boolean][])(
  'an event tells of a save that a plugin keeps from runners in %s',
  async (hook, plugin, failed) => {
    const files = { 'src/main.ts': 'setInterval(() => {}, 1000)\nimport.meta.hot?.accept()' }
    const { project, hub } = await startApp(files, {}, { plugins: [plugin] })
    if (hub.runners[0]?.state !== 'ready') await once(hub, 'runner:ready')
    const told = once(hub, 'withheld')
    project.write('src/main.ts', 'setInterval(() => {}, 2000)\nimport.meta.hot?.accept()')
    expect(await told).toEqual([
      { plugin: 'taker', hook, failed, sent: undefined, files: [project.path('src/main.ts')], runners: ['main.ts'] },
    ])
  },
)
