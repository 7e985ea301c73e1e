/** The files of the built package have parts in common; what an app can see of these is one. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createProject } from '../support/project.ts'
import { startServer } from '../support/tether.ts'

/** A module of the built package. Its types are those of its source: `test/package/types.test.ts` has the built ones. */
const load = async <T>(name: string): Promise<T> => (await import(name)) as T
const plugin = await load<typeof import('../../src/index.ts')>('vite-tether')
const client = await load<typeof import('../../src/client.ts')>('vite-tether/client')
const hmr = await load<typeof import('../../src/hmr.ts')>('vite-tether/hmr')

test.each([
  ['the plugin', plugin.TetherError, 'the client', client.TetherError],
  ['the client', client.TetherError, 'the plugin', plugin.TetherError],
])('an error of %s is an error by the class of %3$s', (_, Made, __, Asked) => {
  const error = new Made('ERR_CLOSED', 'x')
  expect(error instanceof Asked).toBe(true)
  expect(error instanceof Made).toBe(true)
  for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 'ERR_CLOSED' }), { ...error }, undefined])
    expect(other instanceof Asked).toBe(false)
})

test('vite-tether/hmr finds the registrations of a runner that connect() has made', async () => {
  const { root } = createProject({ 'main.ts': 'export const a = 1\nimport.meta.hot.accept()' })
  const { hub } = await startServer(root, { attach: true })
  const { url, token } = hub.attach!
  const runner = await client.connect({ url, token, root, logger: {} })
  onTestFinished(() => runner.close())
  await runner.import('/main.ts')
  expect([...hmr.getCache(runner.viteNode).hotModulesMap.values()]).toMatchObject([{ callbacks: [{}] }])
})

test('the first process keeps what is compiled of the file of all processes, and the next one has no need to', async () => {
  const folder = join(import.meta.dirname, '../../node_modules/.cache/vite-tether')
  const run = async (): Promise<string[]> => {
    const { root } = createProject({ 'main.ts': "console.log('runs')\nsetInterval(() => {}, 1000)" })
    const { hub, line } = await startServer(root, { entry: 'main.ts', standby: false })
    await line(/^runs$/)
    // it is kept by then: the process has said that it is ready first
    if (hub.runners[0]!.state !== 'ready') await new Promise((resolve) => hub.once('runner:ready', resolve))
    await hub.stop(hub.runners[0]!.id)
    return readdirSync(folder).map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`)
  }
  const first = await run()
  expect(first).toContainEqual(
    expect.stringMatching(`^app\\.cjs-[\\da-f]{16}-${process.version}-${process.arch}-[\\da-f]{8} `),
  )
  expect(await run()).toEqual(first)
})
