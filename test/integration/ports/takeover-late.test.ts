/** Code that nobody awaits listens after the update that has started it: its port waits for 2 s. */
import { expect, test } from 'vitest'
import { freePort, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { ask } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

const accept = 'import.meta.hot?.accept()'
/** It does not listen, and its process goes on. */
const none = `setInterval(() => {}, 1e6)\n${accept}`
/** An app that listens after `ms` milliseconds, and awaits nothing. */
const late = (text: string, port: number, ms = 50) => `
  import { setTimeout } from 'node:timers/promises'
  import { createServer } from 'node:http'
  async function bootstrap() {
    await setTimeout(${ms})
    createServer((_, response) => response.end('${text}')).listen(${port}, () => console.log('listens ${text}'))
  }
  bootstrap()
  ${accept}`

async function start(main: string) {
  const project = createProject({ 'package.json': '{ "type": "module" }', 'main.ts': main })
  const app = await startServer(project.root, { entry: 'main.ts' })
  await app.line(/^listens/)
  const pid = app.hub.runners[0]?.pid
  const save = (code: string) =>
    new Promise<string>((resolve) => {
      app.hub.once('update:applied', (_, { outcome }) => resolve(outcome))
      project.write('main.ts', code)
    })
  return { ...app, save, isSameProcess: () => app.hub.runners[0]?.pid === pid }
}

/** The answer to a client: the text, or the code of the error. */
const get = (port: number) =>
  ask({ port, host: '127.0.0.1' }).then(
    ({ body }) => body,
    (error: NodeJS.ErrnoException) => error.code,
  )

test('clients that come before the new code listens wait for it', async () => {
  const port = await freePort()
  const app = await start(late('old', port))
  expect(await app.save(late('new', port, 500))).toBe('updated')
  expect(await Promise.all([get(port), get(port)])).toEqual(['new', 'new'])
  expect(app.isSameProcess()).toBe(true)
})

test('the port of code that does not listen any more is closed after the 2 s, and who waits for it is cut', async () => {
  const port = await freePort()
  const app = await start(late('old', port))
  expect(await app.save(none)).toBe('updated')
  expect(await get(port)).toBe('ECONNRESET')
  await until(async () => (await get(port)) === 'ECONNREFUSED', 'the port to be closed')
  expect(app.isSameProcess()).toBe(true)
  expect(await app.save(late('again', port))).toBe('updated')
  await until(async () => (await get(port)) === 'again', 'the port to be open')
})

test('a save within the 2 s listens again, and answers those who wait', async () => {
  const port = await freePort()
  const app = await start(late('old', port))
  expect(await app.save(none)).toBe('updated')
  const waiting = get(port)
  expect(await app.save(late('new', port))).toBe('updated')
  expect(await waiting).toBe('new')
  expect(await get(port)).toBe('new')
})

test('code that listens later than after 2 s finds its port closed, and opens it', async () => {
  const port = await freePort()
  const app = await start(late('old', port))
  expect(await app.save(late('new', port, 3000))).toBe('updated')
  await until(async () => (await get(port)) === 'ECONNREFUSED', 'the port to be closed')
  await until(async () => (await get(port)) === 'new', 'the new code')
  expect(app.isSameProcess()).toBe(true)
})
