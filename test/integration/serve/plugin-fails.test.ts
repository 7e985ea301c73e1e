/** An app of Fastify whose plugins fail: as a module that throws, at the start and in an update. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { ask } from '../../support/requests.ts'
import { linkPackages, serving } from '../../support/serving.ts'

const app = (text: string, plugin: string) => `
  import fastify from 'fastify'
  const app = fastify()
  app.register(async () => { ${plugin} })
  app.get('/', async () => '${text}')
  export default app
`
const FAILS = `throw new Error('no database')`

test('a plugin that fails is told with its place: the app does not start, and an update leaves the old code', async () => {
  const fastify = await startApp({ 'src/main.ts': `export default {}` })
  linkPackages(fastify.project)
  const { hub, project } = fastify
  const crash = once(hub, 'crash')
  project.write('src/main.ts', app('first', FAILS))
  const [, error] = await crash
  expect(error).toMatchObject({ message: 'no database', stack: expect.stringContaining('src/main.ts:4') })
  await fastify.line(/no database/)

  project.write('src/main.ts', app('second', ''))
  const { target } = (await serving(fastify, (view) => view.serving !== undefined && view.state === 'ready')).serving!
  expect((await ask({ ...target, path: '/' })).body).toBe('second')

  const failed = once(hub, 'update:failed')
  project.write('src/main.ts', app('third', FAILS))
  expect((await failed)[1].error).toMatchObject({ message: 'no database' })
  expect((await ask({ ...target, path: '/' })).body).toBe('second')

  const applied = once(hub, 'update:applied')
  project.write('src/main.ts', app('fourth', ''))
  expect((await applied)[1]).toMatchObject({ outcome: 'updated' })
  expect((await ask({ ...target, path: '/' })).body).toBe('fourth')
})
