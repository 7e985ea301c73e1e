/** A built server ends gracefully, and with its preview. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { askAt, build, createFullStack, startAt } from '../../support/built-app.ts'
import { isAlive, until } from '../../support/child.ts'

const answering = `
  const waiting = new Set()
  export async function answer(path) {
    if (path === '/pid') return String(process.pid)
    if (path === '/waiting') return String(waiting.size)
    if (path === '/slow') await new Promise((done) => waiting.add(process.once('SIGUSR2', done)))
    return 'answered'
  }
`
const KINDS = {
  fetch: `
    import { answer } from './answer.ts'
    const events = () => new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode('data: 1')) })
    export default {
      async fetch({ url }) {
        const { pathname } = new URL(url)
        if (pathname === '/events') return new Response(events(), { headers: { 'content-type': 'text/event-stream' } })
        return new Response(await answer(pathname))
      },
    }
  `,
  listening: `
    import { createServer } from 'node:http'
    import { answer } from './answer.ts'
    createServer(async (request, response) => {
      if (request.url === '/events') response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1')
      else response.end(await answer(request.url))
    }).listen(process.env.PORT, '127.0.0.1')
  `,
}

test.each(Object.entries(KINDS))(
  'a signal lets requests under way end, and takes no more: %s',
  async (_, main) => {
    const project = createFullStack(
      { 'src/main.ts': main, 'src/answer.ts': answering },
      "{ build: true, entry: 'src/main.ts' }",
    )
    await build(project)
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const { port, app } = await startAt('production', project, '/pid')
      const events = get({ host: '127.0.0.1', port, path: '/events', agent: false })
      const [stream] = (await once(events, 'response')) as [IncomingMessage]
      stream.on('error', () => {}).resume()
      const slow = askAt(port, '/slow')
      await until(async () => (await askAt(port, '/waiting')).body === '1', 'the app to have the request')
      process.kill(app.pid, signal)
      await until(() => refuses(port), 'the port to be closed')
      expect(isAlive(app.pid)).toBe(true)
      process.kill(app.pid, 'SIGUSR2')
      expect((await slow).body).toBe('answered')
      expect(await app.exited).toEqual({ code: 0, signal: null })
    }
  },
  60_000,
)

test('an app that listens to the signal ends what it has and itself', async () => {
  const main = `
    ${KINDS.fetch}
    process.on('SIGTERM', () => setTimeout(() => (console.log('database closed'), process.exit(3)), 50))
  `
  const project = createFullStack(
    { 'src/main.ts': main, 'src/answer.ts': answering },
    "{ build: true, entry: 'src/main.ts' }",
  )
  await build(project)
  const { app } = await startAt('production', project, '/pid')
  process.kill(app.pid, 'SIGTERM')
  expect(await app.exited).toEqual({ code: 3, signal: null })
  expect(app.text).toContain('database closed')
}, 60_000)

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'the server of a preview ends with it: %s',
  async (signal) => {
    const project = createFullStack(
      { 'src/main.ts': KINDS.fetch, 'src/answer.ts': answering },
      "{ build: true, entry: 'src/main.ts' }",
    )
    await build(project)
    const { port, app } = await startAt('preview', project, '/pid')
    const pid = Number((await askAt(port, '/pid')).body)
    expect(pid).not.toBe(app.pid)
    process.kill(app.pid, signal)
    await app.exited
    await until(() => !isAlive(pid), 'the server to end')
  },
  60_000,
)

test('a server that ends under its preview is told, and requests are answered with that', async () => {
  const project = createFullStack(
    { 'src/main.ts': KINDS.fetch, 'src/answer.ts': answering },
    "{ build: true, entry: 'src/main.ts' }",
  )
  await build(project)
  const { port, app } = await startAt('preview', project, '/pid')
  process.kill(Number((await askAt(port, '/pid')).body), 'SIGKILL')
  await app.match(/\[vite-tether\] src\/main\.ts has ended with the signal SIGKILL/)
  const { status, body } = await askAt(port, '/pid')
  expect([status, body]).toEqual([503, 'src/main.ts has ended with the signal SIGKILL.\n'])
}, 60_000)

async function refuses(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isRefused = await Promise.race([
    once(socket, 'connect').then(() => false),
    once(socket, 'error').then(() => true),
  ]).catch(() => true)
  socket.destroy()
  return isRefused
}
