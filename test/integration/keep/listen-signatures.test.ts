import { existsSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../../src/keep.ts'
import { freePort, tempFolder, until } from '../../support/child.ts'
import { ask, startKeepApp } from '../../support/keep.ts'

/** The arguments that `server.listen()` of Node takes, and the answer of `server.address()` then. */
const PORTS: [call: string, rest: string][] = [
  ['port', 'PORT'],
  ['port as text', "'PORT'"],
  ['port, callback', 'PORT, opened'],
  ['port, host', "PORT, '127.0.0.1'"],
  ['port, host, callback', "PORT, '127.0.0.1', opened"],
  ['port, host, backlog', "PORT, '127.0.0.1', 100"],
  ['port, host, backlog, callback', "PORT, '127.0.0.1', 100, opened"],
  ['port, backlog, callback', 'PORT, 100, opened'],
  ['port, nothing, callback', 'PORT, undefined, opened'],
  ['port as text, host, callback', "'PORT', '127.0.0.1', opened"],
  ['options', "{ port: PORT, host: '127.0.0.1' }"],
  ['options, callback', "{ port: PORT, host: '127.0.0.1' }, opened"],
]

test.each(PORTS)(
  'listen(handler, %s) is what server.listen() of Node makes of it, and outlives updates',
  async (_, rest) => {
    const port = await freePort()
    const at = rest.replace('PORT', String(port))
    const main = (text: string) => `
    import { listen } from 'vite-tether/keep'
    const opened = () => say('opened')
    export const server = listen((request, response) => response.end('${text}'), ${at})
    server.once('listening', () => say('listening'))
    import.meta.hot.accept()`
    const app = await startKeepApp({ 'src/main.ts': main('old') })
    const { server } = await app.exports()
    const said: string[] = []
    // a server says that it listens before it calls back
    await until(() => said.push(...app.said()) > 0 && said.includes('listening'), 'the port')
    expect(said.includes('opened')).toBe(rest.includes('opened'))
    expect(server.address()).toMatchObject({ port, ...(rest.includes('127.') && { address: '127.0.0.1' }) })
    expect(await ask(port)).toBe('200 old')
    expect(await app.after(() => app.write('src/main.ts', main('new')))).toMatchObject({ outcome: 'updated' })
    expect(await ask(port)).toBe('200 new')
    await app.close()
    expect(await ask(port)).toBe('ECONNREFUSED')
  },
)

test.each(['', ', opened', ', 100, opened'])('a Unix socket is kept by listen(handler, path%s)', async (rest) => {
  const folder = tempFolder()
  onTestFinished(() => folder.remove())
  const path = join(folder.path, 'socket')
  const app = await startKeepApp({
    'src/main.ts': `
      import { listen } from 'vite-tether/keep'
      const opened = () => say('opened')
      export const server = listen((request, response) => response.end('here'), '${path}'${rest})
      server.once('listening', () => say('listening'))`,
  })
  const said: string[] = []
  await until(() => said.push(...app.said()) > 0 && said.includes('listening'), 'the socket')
  expect(existsSync(path)).toBe(true)
  expect(said.includes('opened')).toBe(rest.includes('opened'))
  const status = await new Promise((resolve) =>
    get({ socketPath: path, agent: false }, (response) => resolve(response.resume().statusCode)),
  )
  expect(status).toBe(200)
})

test('outside of an app process they are the same', async () => {
  const port = await freePort()
  const calls = [
    (opened: () => void) => listen(() => {}, port, opened),
    (opened: () => void) => listen(() => {}, port, '127.0.0.1', opened),
    (opened: () => void) => listen(() => {}, String(port), '127.0.0.1', 100, opened),
    (opened: () => void) => listen(() => {}, port, 100, opened),
    (opened: () => void) => listen(() => {}, { port, host: '127.0.0.1' }, opened),
  ]
  for (const call of calls) {
    const server = await new Promise<ReturnType<typeof listen>>((resolve) => {
      const made = call(() => resolve(made))
    })
    expect(server.address()).toMatchObject({ port })
    await new Promise((resolve) => server.close(resolve))
  }
})
