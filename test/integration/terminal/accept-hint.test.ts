import { symlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, onTestFailed, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { freePort } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const packages = resolve(import.meta.dirname, '../../../node_modules')

/** By framework: an app as its guide has it. */
const APPS = {
  Express: {
    entry:
      "import express from 'express'\nimport { text } from './text.ts'\nconst app = express()\napp.get('/', (_, response) => void response.send(text))\napp.listen(PORT)\n",
  },
  Fastify: {
    entry:
      "import Fastify from 'fastify'\nimport { text } from './text.ts'\nconst app = Fastify()\napp.get('/', () => text)\nawait app.listen({ port: PORT })\n",
  },
  Hono: {
    entry:
      "import { serve } from '@hono/node-server'\nimport { Hono } from 'hono'\nimport { text } from './text.ts'\nconst app = new Hono().get('/', (c) => c.text(text))\nserve({ fetch: app.fetch, port: PORT })\n",
  },
} as const

test.each(Object.entries(APPS))(
  'an app with %s that does what the accept hint says is updated in place',
  async (_, { entry }) => {
    const port = String(await freePort())
    const project = createProject({
      'package.json': '{ "type": "module" }',
      'src/main.ts': entry.replace('PORT', port),
      'src/text.ts': "export const text: string = 'one'",
    })
    symlinkSync(packages, project.path('node_modules'), 'dir')
    const { hub, lines, line } = await startServer(project.root, { entry: 'src/main.ts' })
    onTestFailed(() => console.error(lines.join('\n')))
    const get = async () => (await fetch(`http://localhost:${port}`)).text()
    const answers = (text: string) => expect.poll(() => get().catch(() => ''), { timeout: 20_000 }).toBe(text)
    await answers('one')
    project.edit('src/text.ts', 'one', 'two')
    await line(/nothing in this app accepts updates/)
    await answers('two')

    const from = lines.findIndex((each) => each.includes('nothing in this app accepts updates'))
    const advice = lines
      .slice(from)
      .filter((each) => each.startsWith('    '))
      .join('\n')
    const before = hub.runners[0]!.pid
    project.edit('src/main.ts', /$/, advice)
    await expect
      .poll(() => hub.runners[0]!.state === 'ready' && hub.runners[0]!.pid !== before, { timeout: 20_000 })
      .toBe(true)
    await answers('two')
    const { pid } = hub.runners[0]!
    project.edit('src/text.ts', 'two', 'three')
    await line(/hot updated: src\/main\.ts/)
    await answers('three')
    expect(hub.runners[0]!.pid).toBe(pid)
    expect(lines.filter((each) => each.includes('nothing in this app accepts'))).toHaveLength(1)
  },
  60_000,
)

test('the accept hint does not name files that a library has loaded', async () => {
  const { project, line, lines } = await startApp({
    'package.json': '{ "type": "module" }',
    'src/main.ts':
      "import { boot } from 'frame'\nawait boot(new URL('../framerc.ts', import.meta.url).href)\nsetInterval(() => {}, 1000)",
    'framerc.ts': "import { name } from './src/name.ts'\nexport default { name }",
    'src/name.ts': "export const name: string = 'one'",
    'node_modules/frame/package.json': '{ "name": "frame", "type": "module", "exports": "./index.js" }',
    'node_modules/frame/index.js':
      "export const boot = async (rc) => console.log('boots', (await import(rc)).default.name)",
  })
  await line(/boots one/)
  project.edit('src/name.ts', 'one', 'two')
  await line(/restarted: nothing accepts src\/name\.ts <- framerc\.ts/)
  await line(/boots two/)
  project.edit('src/main.ts', '1000', '1001')
  // the user's own file may be told
  await line(/add to src\/main\.ts:$/)
  expect(lines.filter((each) => /add to/.test(each))).toEqual([expect.stringContaining('src/main.ts')])
})
