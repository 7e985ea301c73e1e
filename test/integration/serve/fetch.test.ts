import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { ask } from '../../support/requests.ts'
import { serving } from '../../support/serving.ts'

const MAIN = `
  import { createHash } from 'node:crypto'
  const text = 'v0'
  const sockets = new Set()
  const routes = {
    '/text': () => text,
    '/as-request': (request) => new Request(request).url + ' ' + (request instanceof Request),
    '/cookies': () => new Response(null, { status: 201, statusText: 'Made', headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] }),
    '/throws': () => { throw new Error('it throws') },
    '/nothing': () => new Promise((resolve) => setTimeout(() => resolve({ status: 200 }))),
    '/address': (_, { incoming, outgoing }) => incoming.url + ' ' + (outgoing.req === incoming),
    '/unread': () => 'unread',
    '/hash': async (request) => {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const chunk of request.body) { hash.update(chunk); bytes += chunk.length }
      return bytes + ' ' + hash.digest('hex')
    },
    '/echo': (request) => new Response(request.body),
    '/events': (request) => {
      request.signal.addEventListener('abort', () => console.log('aborted'))
      const body = new ReadableStream({
        start: (controller) => { globalThis.send = (data) => controller.enqueue(new TextEncoder().encode('data: ' + data + '\\n\\n')) },
        cancel: () => console.log('cancelled'),
      })
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    },
    '/send': () => { globalThis.send('first'); return 'sent' },
    '/big': () => {
      let made = 0
      return new Response(new ReadableStream({
        pull(controller) { controller.enqueue(new Uint8Array(65536)); globalThis.made = ++made; if (made === 10_000) controller.close() },
      }))
    },
    '/made': () => String(globalThis.made),
  }
  export default {
    async fetch(request, bindings) {
      const answer = await routes[new URL(request.url).pathname]?.(request, bindings)
      return typeof answer === 'string' ? new Response(answer) : answer
    },
    upgrade(request, socket, head) {
      if (request.url === '/no') throw new Error('it refuses')
      socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n')
      socket.on('data', (data) => socket.write(text + ' ' + data))
    },
  }
`

async function start(): Promise<{ app: TestApp; target: RequestOptions }> {
  const app = await startApp({ 'src/main.ts': MAIN })
  const { serving: how } = await serving(app, (view) => view.serving !== undefined && view.state === 'ready')
  return { app, target: how!.target }
}

/** Sends the head of a request; the caller sends the rest. */
function open(options: RequestOptions): { asked: ClientRequest; answered: Promise<IncomingMessage> } {
  const asked = request({ agent: false, ...options })
  asked.on('error', () => {})
  return { asked, answered: once(asked, 'response').then(([response]) => response as IncomingMessage) }
}

test('fetch gets what a request is and gives what an answer is, and Node goes on whatever comes of it', async () => {
  const { app, target } = await start()
  const text = async (path: string, options: RequestOptions = {}) => {
    const { status, body } = await ask({ ...target, ...options, path })
    return `${status} ${body}`
  }
  expect(await text('/as-request?a=%20', { headers: { host: 'example.org:81' } })).toBe(
    '200 http://example.org:81/as-request?a=%20 true',
  )
  expect(await text('/address?a')).toBe('200 /address?a true')
  const made = await ask({ ...target, path: '/cookies' })
  expect(made).toMatchObject({ status: 201, headers: { 'set-cookie': ['a=1', 'b=2'] } })
  expect(await ask({ ...target, path: '/text', method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  expect(await text('/throws')).toBe('500 Internal Server Error')
  await app.line(/it throws/)
  expect(await text('/nothing')).toBe('500 Internal Server Error')
  await app.line(/GET \/nothing: fetch\(\) has given no answer. Expected a Response, got \{ status: 200 \}/)
  for (const [path, options] of [
    ['*', { method: 'OPTIONS' }],
    ['/text', { method: 'TRACE' }],
    ['http://a/text', {}],
    ['/text', { headers: { host: 'no host' } }],
    ['/text', { headers: { host: 'a/b' } }],
    ['/text', { headers: { host: 'a@b' } }],
  ] as const) {
    expect(await text(path, options)).toBe('400 Bad Request')
  }
  expect(await text('//text')).toMatch(/^500/)
  expect(await text('/text')).toBe('200 v0')
})

test('bodies stream both ways, and wait for whoever is slower', async () => {
  const { target } = await start()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  // what is not read does not hold up the next request on the connection
  for (let time = 0; time < 2; time++) {
    expect((await ask({ ...target, agent, path: '/unread', method: 'POST' }, Buffer.alloc(5_000_000))).body).toBe(
      'unread',
    )
  }
  expect((await ask({ ...target, agent, path: '/text' })).body).toBe('v0')
  agent.destroy()

  const { body } = await ask(
    { ...target, path: '/hash', method: 'POST', headers: { expect: '100-continue' } },
    Buffer.alloc(30_000_000),
  )
  expect(body).toMatch(/^30000000 [\da-f]{64}$/)

  // an answer begins before its request has ended
  const echo = open({ ...target, path: '/echo', method: 'POST' })
  echo.asked.write('one')
  const response = await echo.answered
  expect(String((await once(response, 'data'))[0])).toBe('one')
  echo.asked.end('two')
  expect(String((await once(response, 'data'))[0])).toBe('two')

  // nobody reads: no more is made than fits in the buffers on the way
  const big = open({ ...target, path: '/big' })
  big.asked.end()
  const slow = await big.answered
  let made = -1
  for (let now = 0; now !== made; now = Number((await ask({ ...target, path: '/made' })).body)) {
    made = now
    for (let i = 0; i < 50; i++) await turn()
  }
  expect(made).toBeLessThan(1000)
  slow.destroy()
})

test('the head of a stream goes out at once, and the end of a client reaches the app', async () => {
  const { app, target } = await start()
  const events = open({ ...target, path: '/events' })
  events.asked.end()
  const response = await events.answered
  expect(response.headers['content-type']).toBe('text/event-stream')
  await ask({ ...target, path: '/send' })
  expect(String((await once(response, 'data'))[0])).toBe('data: first\n\n')
  events.asked.destroy()
  await Promise.all([app.line(/^aborted$/), app.line(/^cancelled$/)])
})

test('upgrade takes connections, which stay over an update; one that throws ends its own', async () => {
  const { app, target } = await start()
  const upgrade = async (path: string) => {
    const socket = connect({ path: (target as { socketPath: string }).socketPath })
    socket.setEncoding('latin1').on('error', () => {})
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`)
    return socket
  }
  const say = async (socket: Awaited<ReturnType<typeof upgrade>>, text: string) => {
    socket.write(text)
    return (await once(socket, 'data'))[0]
  }
  const first = await upgrade('/')
  expect((await once(first, 'data'))[0]).toMatch(/^HTTP\/1.1 101/)
  expect(await say(first, 'a')).toBe('v0 a')
  app.project.edit('src/main.ts', "'v0'", "'v1'")
  await once(app.hub, 'update:applied')
  expect(await say(first, 'b')).toBe('v0 b')
  const second = await upgrade('/')
  await once(second, 'data')
  expect(await say(second, 'c')).toBe('v1 c')
  const refused = await upgrade('/no')
  await once(refused, 'close')
  await app.line(/it refuses/)
  expect(await say(first, 'd')).toBe('v0 d')

  // without it such requests are answered as any other
  app.project.edit('src/main.ts', 'upgrade(request', 'upgraded(request')
  await once(app.hub, 'update:applied')
  const third = await upgrade('/text')
  expect((await once(third, 'data'))[0]).toMatch(/^HTTP\/1.1 200/)
  for (const socket of [first, second, third]) socket.destroy()
})
