import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../support/child.ts'
import { ask, startKeepApp, startLoad } from '../../support/keep.ts'

const main = (port: number, more = '') => `
  import { listen } from 'vite-tether/keep'
  import { answer } from './answer.ts'
  export const server = listen((request, response) => answer(request, response), ${port}, () => say('listening'))
  import.meta.hot.accept()
  ${more}
`
const answer = (text: string, more = '') => `
  export const answer = (request, response) => response.end('${text}')
  ${more}
`

test('the port stays open while its handler is replaced: every request is answered, by old or by new code', async () => {
  const port = await freePort()
  const app = await startKeepApp({ 'src/main.ts': main(port), 'src/answer.ts': answer('v0') })
  const load = startLoad(port)
  for (let version = 1; version <= 20; version++) {
    await app.after(() => app.write('src/answer.ts', answer(`v${version}`)))
    await load.more(50)
    // nobody is answered by code that was replaced
    expect(await ask(port)).toBe(`200 v${version}`)
  }
  const answers = await load.stop()
  expect(Object.keys(answers).filter((each) => !/^200 v\d+$/.test(each))).toEqual([])
  expect(Object.keys(answers).length).toBeGreaterThan(15)
  // each server says so, as under node
  expect(app.said()).toEqual(Array.from({ length: 21 }, () => 'listening'))
  await app.close()
  expect(await ask(port)).toBe('ECONNREFUSED')
})

const passing = (port: number) => `
  import { listen } from 'vite-tether/keep'
  import { answer } from './answer.ts'
  let current = answer
  listen((request, response) => current(request, response), ${port})
  import.meta.hot.accept('./answer.ts', (next) => { if (next) current = next.answer })
`

test.each([
  ['runs again', main],
  ['is given the new handler', passing],
])('requests wait while what they need is disposed and made again: the entry %s', async (_, entry) => {
  const port = await freePort()
  // an answer takes several turns of a database that is closed before the new one is there
  const database = (name: string) => `
    let open = true
    const turns = async (count) => { for (let turn = 0; turn < count; turn++) await new Promise(setImmediate) }
    export const query = async () => {
      await turns(20)
      if (!open) throw new Error('closed')
      return '${name}'
    }
    await turns(100)
    import.meta.hot.dispose(async () => { await null; open = false })
  `
  const app = await startKeepApp({
    'src/main.ts': entry(port),
    'src/database.ts': database('a'),
    'src/answer.ts': `
      import { query } from './database.ts'
      export async function answer(request, response) {
        try { response.end([await query(), await query()].join()) } catch (error) { response.writeHead(500).end(error.message) }
      }
    `,
  })
  const load = startLoad(port)
  for (const name of ['b', 'c', 'd']) {
    await app.after(() => app.write('src/database.ts', database(name)))
    await load.more(50)
  }
  const answers = await load.stop()
  expect(Object.keys(answers).sort()).toEqual(['200 a,a', '200 b,b', '200 c,c', '200 d,d'])
})

test('after an update that fails the old code answers', async () => {
  const port = await freePort()
  const app = await startKeepApp({
    'src/main.ts': main(port, `import.meta.hot.dispose(() => server.close())`),
    'src/answer.ts': answer('old'),
  })
  const load = startLoad(port)
  await app.after(() => app.write('src/main.ts', `${main(port)}\nthrow new Error('no')`))
  await app.after(() => app.write('src/answer.ts', answer('new', `throw new Error('no')`)))
  await load.more(50)
  expect(Object.keys(await load.stop())).toEqual(['200 old'])
})

test('where a failed update has closed the server and nobody listens again, the old one goes on', async () => {
  const port = await freePort()
  const code = `
    import { createServer } from 'node:http'
    export const server = createServer((request, response) => response.end('old'))
    import.meta.hot.dispose(() => server.close())
  `
  const app = await startKeepApp({
    'src/main.ts': `
      import { listen } from 'vite-tether/keep'
      import { server } from './server.ts'
      listen(server, ${port})
      import.meta.hot.accept()
    `,
    'src/server.ts': code,
  })
  await app.after(() => app.write('src/server.ts', `${code}\nthrow new Error('no')`))
  expect(await ask(port)).toBe('200 old')
})

test('a server that is closed in dispose keeps its port for the one that follows, and gives it up if none does', async () => {
  const port = await freePort()
  const code = main(port, `import.meta.hot.dispose(() => new Promise((resolve) => server.close(resolve)))`)
  const app = await startKeepApp({ 'src/main.ts': code, 'src/answer.ts': answer('v1') })
  const load = startLoad(port)
  await app.after(() => app.write('src/answer.ts', answer('v2')))
  await load.more(50)
  expect(Object.keys(await load.stop()).sort()).toEqual(['200 v1', '200 v2'])
  await app.after(() => app.write('src/main.ts', 'import.meta.hot.accept()'))
  expect(await ask(port)).toBe('ECONNREFUSED')
})

test('close() closes the port if its server answers, and does not if it was replaced', async () => {
  const port = await freePort()
  const app = await startKeepApp({ 'src/main.ts': main(port), 'src/answer.ts': answer('v1') })
  const { server: first } = await app.exports()
  expect(first.address()).toMatchObject({ port })
  await app.after(() => app.write('src/answer.ts', answer('v2')))
  expect([first.listening, first.address()]).toEqual([false, null])
  await new Promise((resolve) => first.close(resolve))
  expect(await ask(port)).toBe('200 v2')
  const { server } = await app.exports()
  expect(server.listening).toBe(true)
  await new Promise((resolve) => server.close(resolve))
  expect(await ask(port)).toBe('ECONNREFUSED')
})

test('another port in the code: the new one is opened, the old one closed', async () => {
  const [port, other] = [await freePort(), await freePort()]
  const app = await startKeepApp({ 'src/main.ts': main(port), 'src/answer.ts': answer('v1') })
  await app.after(() => app.write('src/main.ts', main(other)))
  await expect.poll(() => ask(other)).toBe('200 v1')
  expect(await ask(port)).toBe('ECONNREFUSED')
  expect(app.said()).toEqual(['listening', 'listening'])
})

test('a port that is taken is an error of the app’s server', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, resolve))
  onTestFinished(() => void other.close())
  const { port } = other.address() as { port: number }
  const app = await startKeepApp({
    'src/main.ts': main(port, `server.on('error', (error) => say(error.code))`),
    'src/answer.ts': answer('v1'),
  })
  await expect.poll(() => app.said()).toEqual(['EADDRINUSE'])
})

test('upgrades go to the newest server, whoever has attached to it', async () => {
  const port = await freePort()
  const code = (version: number) =>
    main(
      port,
      `server.on('upgrade', (request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\\r\\n\\r\\nv${version}'))`,
    )
  const app = await startKeepApp({ 'src/main.ts': code(1), 'src/answer.ts': answer('plain') })
  const upgrade = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(text.split('\r\n\r\n')[1] ?? ''))
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
    })
  expect(await upgrade()).toBe('v1')
  await app.after(() => app.write('src/main.ts', code(2)))
  expect(await upgrade()).toBe('v2')
  // no upgrades any more: as under Node the request is one like any other
  await app.after(() => app.write('src/main.ts', main(port)))
  expect(await ask(port)).toBe('200 plain')
})

test('a module that asks its own port while it is evaluated for the first time gets an answer', async () => {
  const port = await freePort()
  const app = await startKeepApp({
    'src/main.ts': main(
      port,
      `import { once } from 'node:events'
       await once(server, 'listening')
       export const own = await (await fetch('http://127.0.0.1:' + server.address().port)).text()`,
    ),
    'src/answer.ts': answer('v1'),
  })
  expect((await app.exports()).own).toBe('v1')
})

test('where nothing accepts and the app is evaluated again in place, its port stays open', async () => {
  const port = await freePort()
  const app = await startKeepApp({
    'src/main.ts': main(port).replace('import.meta.hot.accept()', ''),
    'src/answer.ts': answer('v1'),
  })
  const load = startLoad(port)
  const report = await app.after(() => app.write('src/answer.ts', answer('v2')))
  expect(report).toMatchObject({ outcome: 'reloaded' })
  await load.more(50)
  expect(Object.keys(await load.stop()).sort()).toEqual(['200 v1', '200 v2'])
})

test('a request that is under way when the runner closes is answered, before what it needs is disposed', async () => {
  const port = await freePort()
  const app = await startKeepApp({
    'src/main.ts': `
      import { keep, listen } from 'vite-tether/keep'
      const pool = keep('pool', () => ({ open: true }), (each) => { each.open = false; say('pool closed') })
      const server = listen(async (request, response) => {
        asked()
        const turn = () => new Promise(setImmediate)
        while (server.listening) await turn()
        for (let more = 0; more < 20; more++) await turn()
        response.end(pool.open ? 'in time' : 'too late')
        say('answered')
      }, ${port})
      import.meta.hot.dispose(() => say('disposed'))
    `,
  })
  const asked = new Promise((resolve) => Object.assign(globalThis, { asked: resolve }))
  const answered = ask(port)
  await asked
  await app.close()
  expect(await answered).toBe('200 in time')
  expect(app.said()).toEqual(['answered', 'disposed', 'pool closed'])
})

test('what cannot be served says what can', async () => {
  const port = await freePort()
  const code = `import { listen } from 'vite-tether/keep'; listen({ fetch() {} }, ${port})`
  await expect(startKeepApp({ 'src/main.ts': code })).rejects.toMatchObject({
    code: 'ERR_CONFIG',
    message: expect.stringContaining('createAdaptorServer() of Hono'),
  })
})
