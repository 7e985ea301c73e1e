import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { TetherOptions } from '../../../src/index.ts'
import { freePort, until } from '../../support/child.ts'
import { createProject } from '../../support/project.ts'
import { ask, startLoad } from '../../support/requests.ts'
import { startServer } from '../../support/tether.ts'

async function start(files: Record<string, string>, options: TetherOptions = {}) {
  const project = createProject(files)
  const app = await startServer(project.root, { entry: 'main.ts', ...options })
  await app.line(/^listens/)
  return { project, ...app }
}

/** An app that answers with `mark`, its length of the request and what else `answer` does. */
const server = (mark: string, where: string, answer = `response.end(mark)`) => `
  import http from 'node:http'
  const mark = '${mark}'
  http.createServer((request, response) => {
    request.resume().on('end', () => { ${answer} })
  }).listen(${where}, () => console.log('listens ' + mark))
`
const refused = (port: number, host = '127.0.0.1') =>
  new Promise<boolean>((resolve) => {
    const client = connect({ port, host }, () => {
      client.destroy()
      resolve(false)
    })
    client.on('error', () => resolve(true))
  })

test.each([
  ['a new connection for each request', false, true],
  ['a new connection for each request', false, false],
  ['connections that are kept', true, true],
  ['connections that are kept', true, false],
])('with %s none fails over restarts (kept: %s, standby: %s)', async (_, keepAlive, standby) => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('0', String(port)) }, { standby })
  const load = startLoad({ port, method: 'POST', host: '127.0.0.1' }, keepAlive, Buffer.alloc(50_000))
  for (let restart = 1; restart <= 3; restart++) {
    app.project.edit('main.ts', `'${restart - 1}'`, `'${restart}'`)
    await until(() => load.answers.has(String(restart)), `an answer of process ${restart}`)
  }
  await load.end()
  expect(load.failures).toEqual([])
  expect([...load.answers]).toEqual(['0', '1', '2', '3'])
})

test('a request that is under way is answered by the code that it has reached, and one that comes meanwhile by the next', async () => {
  const port = await freePort()
  const answer = `if (request.url === '/slow') { console.log('asked'); setTimeout(() => response.end(mark), 400) } else response.end(mark)`
  const app = await start({ 'main.ts': server('old', String(port), answer) })
  const slow = ask({ port, path: '/slow' })
  await app.line(/^asked$/)
  const decided = once(app.hub, 'restart')
  app.project.edit('main.ts', "'old'", "'new'")
  await decided
  const next = await ask({ port })
  expect([(await slow).body, next.body]).toEqual(['old', 'new'])
})

test('a request has as long as stop.drain says, and a stream of events and half a request have none of it', async () => {
  const port = await freePort()
  const answer = `
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\\n\\n')
    } else console.log('asked')`
  const app = await start({ 'main.ts': server('old', String(port), answer) }, { stop: { drain: 20_000 } })
  const events = connect(port, '127.0.0.1')
  events.write('GET /events HTTP/1.1\r\nhost: x\r\n\r\n')
  const half = connect(port, '127.0.0.1')
  half.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-le')
  events.on('error', () => {})
  half.on('error', () => {})
  await new Promise((resolve) => events.once('data', resolve))
  app.project.edit('main.ts', "'old'", "'new'")
  // at once, and not after 20 s
  await app.line(/^listens new$/)
  for (const client of [events, half]) client.destroy()
})

test.each([
  ["'127.0.0.1'", "'0.0.0.0'"],
  ["'0.0.0.0'", "'127.0.0.1'"],
  ["'127.0.0.1'", "'::'"],
])('an edit may change the address from %s to %s', async (from, to) => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('old', `${port}, ${from}`) })
  app.project.write('main.ts', server('new', `${port}, ${to}`))
  await until(
    () =>
      ask({ port, host: '127.0.0.1' }).then(
        ({ body }) => body === 'new',
        () => false,
      ),
    'its answer',
  )
})

test('an edit may change the port: the old one is closed when nobody has asked for it', async () => {
  const [old, next] = [await freePort(), await freePort()]
  const app = await start({ 'main.ts': server('old', String(old)) })
  app.project.write('main.ts', server('new', String(next)))
  await app.line(/^listens new$/)
  expect((await ask({ port: next })).body).toBe('new')
  await until(() => refused(old), 'the old port to be closed')
  expect((await ask({ port: next })).body).toBe('new')
})

test('a port that an edit moves from one entry to another is that of the other', async () => {
  const [one, two] = [await freePort(), await freePort()]
  const project = createProject({
    'ports.ts': `export const [a, b] = [${one}, ${two}]`,
    'a.ts': `import { a as port } from './ports.ts'\n${server('a', 'port')}`,
    'b.ts': `import { b as port } from './ports.ts'\n${server('b', 'port')}`,
  })
  const app = await startServer(project.root, { entry: ['a.ts', 'b.ts'] })
  await app.line(/listens a/)
  await app.line(/listens b/)
  project.write('ports.ts', `export const [a, b] = [${await freePort()}, ${one}]`)
  await until(
    () =>
      ask({ port: one }).then(
        ({ body }) => body === 'b',
        () => false,
      ),
    'the answer of the other entry',
  )
})

test('two servers, a path and any port are each the same again', async () => {
  const port = await freePort()
  const project = createProject({})
  const path = project.path('app.sock')
  const main = (mark: string) => `
    import http from 'node:http'
    const listen = (...where) => new Promise((resolve) => {
      const server = http.createServer((_, response) => response.end('${mark}')).listen(...where, () => resolve(server))
    })
    await listen(${port}, '127.0.0.1')
    await listen(${port}, '::1')
    await listen('${path}')
    console.log('any ' + (await listen(0)).address().port + ' ' + (await listen(0)).address().port)
    console.log('listens ${mark}')
  `
  const app = await start({ 'main.ts': main('0') })
  const all = [{ port, host: '127.0.0.1' }, { port, host: '::1' }, { socketPath: path }]
  const loads = all.map((to) => startLoad(to, false))
  for (const mark of ['1', '2', '3']) {
    app.project.write('main.ts', main(mark))
    for (const load of loads) await until(() => load.answers.has(mark), `the answers of process ${mark}`)
  }
  for (const load of loads) {
    await load.end()
    expect(load.failures).toEqual([])
  }
  await app.line(/^listens 3$/)
  const ports = app.lines.filter((line) => line.startsWith('any '))
  expect(ports).toHaveLength(4)
  expect(ports).toEqual(ports.map(() => ports[0]))
})

test('a path that the app removes before it listens is the new socket', async () => {
  const project = createProject({})
  const path = project.path('app.sock')
  const main = (mark: string) =>
    `import fs from 'node:fs'\nfs.rmSync('${path}', { force: true })\n${server(mark, `'${path}'`)}`
  const app = await start({ 'main.ts': main('0') })
  for (const mark of ['1', '2']) {
    app.project.write('main.ts', main(mark))
    await app.line(new RegExp(`^listens ${mark}$`))
    expect((await ask({ socketPath: path })).body).toBe(mark)
  }
})

test('a server that the app closes is closed when its event says so, at first and after a restart', async () => {
  const port = await freePort()
  const main = `
    import http from 'node:http'
    const server = http.createServer((_, response) => response.end('ok')).listen(${port}, () => console.log('listens'))
    process.on('SIGUSR2', () => server.close(() => console.log('closed')))
    setInterval(() => {}, 1000)`
  const app = await start({ 'main.ts': main })
  const pid = () => app.hub.runners[0]!.pid!
  const count = (pattern: RegExp) => app.lines.filter((line) => pattern.test(line)).length
  process.kill(pid(), 'SIGUSR2')
  await app.line(/^closed$/)
  expect(await refused(port)).toBe(true)
  await app.hub.restart()
  await expect.poll(() => count(/^listens$/)).toBe(2)
  await app.hub.restart()
  await expect.poll(() => count(/^listens$/)).toBe(3)
  expect(await refused(port)).toBe(false)
  // A port that is not asked for is closed 2 s after ready. This one was, so that nothing is to happen in that time.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  process.kill(pid(), 'SIGUSR2')
  await expect.poll(() => count(/^closed$/)).toBe(2)
  expect(await refused(port)).toBe(true)
})

test('whoever asks for a free port gets the same again: what is held is free for the app', async () => {
  const port = await freePort()
  const main = (mark: string) => `
    import http from 'node:http'
    import net from 'node:net'
    const free = (...where) => new Promise((resolve) => {
      const probe = net.createServer().unref()
      probe.once('error', () => resolve(false))
      probe.listen(...where, () => probe.close(() => resolve(true)))
    })
    let port = ${port}
    search: for (;; port++) {
      for (const host of [undefined, '0.0.0.0', '127.0.0.1', '::1', '::']) {
        if (!(await free(port, host))) continue search
      }
      break
    }
    console.log('found ' + port)
    http.createServer((_, response) => response.end('${mark}')).listen(port, () => console.log('listens ${mark}'))
  `
  const app = await start({ 'main.ts': main('0') })
  const load = startLoad({ port }, false)
  for (const mark of ['1', '2', '3']) {
    app.project.write('main.ts', main(mark))
    await until(() => load.answers.has(mark), `the answer of process ${mark}`)
  }
  await load.end()
  expect(load.failures).toEqual([])
  expect(new Set(app.lines.filter((line) => line.startsWith('found')))).toEqual(new Set([`found ${port}`]))
})

test('with ports: false they close with their process', async () => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('0', String(port)) }, { ports: false })
  app.project.write('main.ts', 'throw new Error("fails")')
  await app.line(/waiting for a save/)
  expect(await refused(port)).toBe(true)
})

/** Resolves when an app that says '0' answers on its port. */
async function answers(port: number): Promise<void> {
  const isThere = () =>
    ask({ port }).then(
      ({ body }) => body === '0',
      () => false,
    )
  await until(isThere, 'its answer')
}

test('an app that is stopped has no port any more, and one that is started again has', async () => {
  const port = await freePort()
  const app = await start({ 'main.ts': server('0', String(port)) })
  const { id } = app.hub.runners[0]!
  await app.hub.restart()
  await answers(port)
  await app.hub.stop(id)
  expect(await refused(port)).toBe(true)
  await app.hub.restart(id)
  await answers(port)
})
