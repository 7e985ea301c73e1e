import { stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type OpenOptions, openSession } from '../../../src/client/link/open-session.ts'
import { createSecret } from '../../../src/server/sessions/gate.ts'
import { deriveKeys } from '../../../src/shared/session/auth.ts'
import { seeded } from '../../support/flaky.ts'
import { fuzzed } from '../../support/fuzz.ts'
import { headersFor, knock } from '../../support/knock.ts'
import { Ledger, numbered, numberOf, runnerFunctions, startServer } from '../../support/session.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const serve: typeof startServer = async (options) => {
  const server = await startServer(options)
  cleanups.push(() => server.close())
  return server
}

function open(options: Pick<OpenOptions, 'url' | 'secret'> & Partial<OpenOptions>) {
  return openSession({ kind: 'attached', functions: runnerFunctions(), ...options })
}

test('before the upgrade a request that has everything is let in', async () => {
  const server = await serve()
  expect(await knock(server.url, headersFor(server.secret))).toMatch(
    /^HTTP\/1\.1 101 [\s\S]*Sec-WebSocket-Protocol: tether\.v1/,
  )
})

test.each<[string, (secret: string) => Record<string, string | undefined>, number, string?]>([
  ['no token', () => ({ Authorization: undefined }), 401],
  ['another token', () => ({ Authorization: `Bearer ${deriveKeys(createSecret()).gate}` }), 401],
  [
    'a token that is one byte short',
    (secret) => ({ Authorization: `Bearer ${deriveKeys(secret).gate.slice(0, -1)}` }),
    401,
  ],
  ['a token that is one byte too long', (secret) => ({ Authorization: `Bearer ${deriveKeys(secret).gate}A` }), 401],
  ['the secret itself', (secret) => ({ Authorization: `Bearer ${secret}` }), 401],
  ['the token under another scheme', (secret) => ({ Authorization: `Basic ${deriveKeys(secret).gate}` }), 401],
  ['the token in the URL', () => ({ Authorization: undefined }), 401, '/__tether?token='],
  ['an origin', () => ({ Origin: 'https://example.com' }), 403],
  ['the origin null', () => ({ Origin: 'null' }), 403],
  ['its own origin', () => ({ Origin: 'http://127.0.0.1' }), 403],
  ['an empty origin', () => ({ Origin: '' }), 403],
  ['a host name that is not allowed', () => ({ Host: 'evil.example' }), 403],
  ['a host name that begins like one that is', () => ({ Host: 'localhost.evil.example' }), 403],
  ['no host', () => ({ Host: '' }), 403],
  ['another path', () => ({}), 404, '/'],
  ['a longer path', () => ({}), 404, '/__tether/'],
  ['another version', () => ({ 'Sec-WebSocket-Protocol': 'tether.v2' }), 426],
  ['no version', () => ({ 'Sec-WebSocket-Protocol': undefined }), 426],
])('before the upgrade %s is refused', async (_what, change, status, path) => {
  const server = await serve()
  const { secret } = server
  const { gate } = deriveKeys(secret)
  const answer = await knock(
    server.url,
    { ...headersFor(secret), ...change(secret) },
    path?.endsWith('=') ? path + gate : path,
  )
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(answer).not.toContain(gate)
  expect(answer).not.toContain(secret)
  expect(server.sessions.list()).toEqual([])
})

test('before the upgrade names that the hook allows are let in', async () => {
  const server = await serve({ allowHost: (host) => host === 'dev.example' })
  expect(await knock(server.url, { ...headersFor(server.secret), Host: 'dev.example' })).toMatch(/^HTTP\/1\.1 101/)
  expect(await knock(server.url, headersFor(server.secret))).toMatch(/^HTTP\/1\.1 403/)
})

test('before the upgrade the eleventh failure within a minute is answered late, and a good runner at once', async () => {
  const server = await serve()
  for (let i = 0; i < 10; i++) await knock(server.url, { ...headersFor(server.secret), Authorization: 'x' })
  const late = knock(server.url, { ...headersFor(server.secret), Authorization: 'x' })
  const first = await Promise.race([
    late.then(() => 'refused'),
    open(server).then((client) => client.close().then(() => 'let in')),
  ])
  expect(first).toBe('let in')
  expect(await late).toMatch(/^HTTP\/1\.1 401/)
})

test('a private socket lies in a folder that only its owner can enter, and leaves nothing behind', async () => {
  const server = await startServer({ where: { at: 'private' } })
  const folder = dirname(new URL(server.url).pathname.replace(/:\/$/, ''))
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  await server.close()
  await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
})

async function httpServer(): Promise<{ http: Server; origin: string }> {
  const http = createServer((_request, response) => response.end('page'))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise((resolve) => http.close(resolve)))
  return { http, origin: `127.0.0.1:${(http.address() as AddressInfo).port}` }
}

test('on an http server that is there anyway runners, pages and other WebSockets share the port, and closing leaves the others alone', async () => {
  const { http, origin } = await httpServer()
  const other = new WebSocketServer({ noServer: true })
  http.on('upgrade', (request, socket, head) => {
    if (request.url === '/other') other.handleUpgrade(request, socket, head, (ws) => ws.send('mine'))
  })
  const server = await startServer({ where: { at: 'server', server: http } })
  expect(server.url).toBe('/__tether')
  const client = await open({ url: `ws://${origin}/__tether`, secret: server.secret })
  const page = new WebSocket(`ws://${origin}/other`)
  expect(await new Promise((resolve) => page.on('message', (data) => resolve(String(data))))).toBe('mine')
  expect(await (await fetch(`http://${origin}/`)).text()).toBe('page')
  await client.close()
  await server.close()
  expect(page.readyState).toBe(WebSocket.OPEN)
  expect(await (await fetch(`http://${origin}/`)).text()).toBe('page')
  page.terminate()
})

test('on an http server that is there anyway a runner with a wrong path is told so at once; with the path of another plugin it gets there', async () => {
  const { http, origin } = await httpServer()
  const one = await serve({ where: { at: 'server', server: http, pathname: '/one' } })
  const two = await serve({ where: { at: 'server', server: http, pathname: '/two' } })
  await expect(open({ url: `ws://${origin}/three`, secret: one.secret })).rejects.toMatchObject({
    code: 'ERR_CONNECT',
    message: expect.stringContaining('404'),
  })
  for (const { secret, path } of [
    { secret: one.secret, path: '/one' },
    { secret: two.secret, path: '/two' },
  ]) {
    const client = await open({ url: `ws://${origin}${path}`, secret })
    await client.close()
  }
})

/** An address at which `handler` takes connections. */
async function listener(handler: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    handler(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/__tether`
}
const secret = createSecret()

test('a runner that cannot connect rejects with a code: no server: ERR_CONNECT within a second', async () => {
  const server = await startServer()
  await server.close()
  const start = performance.now()
  const error = await open({ url: server.url, secret }).catch((error) => error)
  expect(error).toMatchObject({
    name: 'TetherError',
    code: 'ERR_CONNECT',
    message: expect.stringContaining('ECONNREFUSED'),
  })
  expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' })
  expect(performance.now() - start).toBeLessThan(1_000)
})

test('a runner that cannot connect rejects with a code: no socket file: ERR_CONNECT', async () => {
  await expect(open({ url: 'ws+unix:/nowhere/s:/', secret })).rejects.toMatchObject({ code: 'ERR_CONNECT' })
})

test('a runner that cannot connect rejects with a code: a wrong token: ERR_UNAUTHORIZED, without the token in the message', async () => {
  const server = await serve()
  const error = await open({ url: server.url, secret }).catch((error) => error)
  expect(error).toMatchObject({ code: 'ERR_UNAUTHORIZED' })
  expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain(secret)
})

test('a runner that cannot connect rejects with a code: a host name that is not allowed: ERR_FORBIDDEN', async () => {
  const server = await serve({ allowHost: () => false })
  await expect(open(server)).rejects.toMatchObject({ code: 'ERR_FORBIDDEN' })
})

test('a runner that cannot connect rejects with a code: a server of another version: ERR_VERSION', async () => {
  const url = await listener((socket) =>
    socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\n\r\nthis server speaks tether.v9'),
  )
  await expect(open({ url, secret })).rejects.toMatchObject({
    code: 'ERR_VERSION',
    message: expect.stringContaining('tether.v9'),
  })
})

test('a runner that cannot connect rejects with a code: a plain web server: ERR_CONNECT', async () => {
  const url = await listener((socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<p>hello'))
  await expect(open({ url, secret })).rejects.toMatchObject({
    code: 'ERR_CONNECT',
    message: expect.stringContaining('200'),
  })
})

test('a runner that cannot connect rejects with a code: something that is no web server: ERR_CONNECT', async () => {
  const url = await listener((socket) => socket.end('SSH-2.0-x\r\n'))
  await expect(open({ url, secret })).rejects.toMatchObject({ code: 'ERR_CONNECT' })
})

test('a runner that cannot connect rejects with a code: a server that never answers: ERR_CONNECT when the time for that is over', async () => {
  const url = await listener(() => {})
  await expect(open({ url, secret, limits: { handshake: 200 } })).rejects.toMatchObject({
    code: 'ERR_CONNECT',
    message: expect.stringContaining('200 ms'),
  })
})

test('a runner that cannot connect rejects with a code: a server that upgrades and says nothing: ERR_CONNECT when the time for that is over', async () => {
  const mute = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'tether.v1' })
  await new Promise((resolve) => mute.once('listening', resolve))
  cleanups.push(() => {
    for (const ws of mute.clients) ws.terminate()
    return new Promise((resolve) => mute.close(resolve))
  })
  const url = `ws://127.0.0.1:${(mute.address() as AddressInfo).port}/`
  await expect(open({ url, secret, limits: { handshake: 200 } })).rejects.toMatchObject({
    code: 'ERR_CONNECT',
    message: expect.stringContaining('challenge'),
  })
})

test.each([
  'nonsense',
  'http://localhost/',
  'ws://user:s3cret@localhost/',
  'ws://localhost/?token=s3cret',
  'ws://localhost/#s3cret',
])(
  'a runner that cannot connect rejects with a code: the url %s: ERR_CONFIG, without what may be secret',
  async (url) => {
    const error = await open({ url, secret }).catch((error) => error)
    expect(error).toMatchObject({ code: 'ERR_CONFIG' })
    expect(error.message).not.toContain('s3cret')
  },
)

test('a runner that cannot connect rejects with a code: aborted: ERR_CLOSED', async () => {
  const url = await listener(() => {})
  const abort = new AbortController()
  const opening = open({ url, secret, wait: Number.POSITIVE_INFINITY, signal: abort.signal })
  abort.abort()
  await expect(opening).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  await expect(open({ url, secret, signal: abort.signal })).rejects.toMatchObject({ code: 'ERR_CLOSED' })
})

test('a runner that has time to wait does not reject: it gets in as soon as a server is there', async () => {
  const first = await startServer()
  const port = Number(new URL(first.url).port)
  await first.close()
  const opening = open({ url: first.url, secret, wait: 20_000, limits: { backoffCap: 50 } })
  await serve({ where: { at: 'tcp', host: '127.0.0.1', port }, secret })
  const client = await opening
  expect(client.state).toBe('connected')
  await client.close()
})

test('a server that is started again on the same address with the same secret: a fresh session after a resync, and custom events in between arrive', async () => {
  const secret = createSecret()
  const first = await startServer({ secret })
  const where = { at: 'tcp', host: '127.0.0.1', port: Number(new URL(first.url).port) } as const
  const client = await open({ url: first.url, secret, limits: { backoffCap: 50 } })
  cleanups.push(() => client.close())
  const lost = new Promise((resolve) => client.on('disconnect', resolve))
  const resync = new Promise((resolve) => client.on('resync', resolve))
  await first.close()
  await lost
  client.rpc.hot(numbered(1))
  const call = client.rpc.fetch('/a')
  const ledger = new Ledger()
  await serve({ where, secret, functions: () => ({ hot: (payload) => ledger.note(numberOf(payload)) }) })
  expect(await resync).toEqual({ reason: 'unknown-session', fresh: true, rebooted: true })
  await ledger.until(1)
  expect(await call).toEqual({ external: '/a' })
})

test('a server that is started again on the same address with another secret: the source of the secret is asked again, and what it says is used', async () => {
  let secret = createSecret()
  const first = await startServer({ secret })
  const where = { at: 'tcp', host: '127.0.0.1', port: Number(new URL(first.url).port) } as const
  const client = await open({ url: first.url, secret: async () => secret, limits: { backoffCap: 50 } })
  cleanups.push(() => client.close())
  const resync = new Promise((resolve) => client.on('resync', resolve))
  secret = createSecret()
  await first.close()
  await serve({ where, secret })
  await resync
  expect(client.state).toBe('connected')
})

test('a server that is started again on the same address with another secret that the runner cannot learn: it stops', async () => {
  const first = await startServer()
  const where = { at: 'tcp', host: '127.0.0.1', port: Number(new URL(first.url).port) } as const
  const client = await open({ ...first, limits: { backoffCap: 50 } })
  const ended = new Promise((resolve) => client.on('end', resolve))
  await first.close()
  await serve({ where })
  expect(await ended).toMatchObject({ code: 'ERR_UNAUTHORIZED' })
  await expect(client.rpc.fetch('/a')).rejects.toMatchObject({ code: 'ERR_UNAUTHORIZED' })
})

test('connections that never upgrade and upgrades that never say hello are closed, and a good runner does not notice', async () => {
  const server = await serve({ limits: { handshake: 1_000, helloWait: 300 } })
  const { port } = new URL(server.url)
  const client = await open(server)
  cleanups.push(() => client.close())
  const disconnects: unknown[] = []
  client.on('disconnect', (why) => disconnects.push(why))
  const closed = (socket: Socket) =>
    new Promise((resolve) =>
      socket
        .resume()
        .on('error', () => {})
        .on('close', resolve),
    )
  const silent = Array.from({ length: 100 }, () => closed(connect(Number(port), '127.0.0.1')))
  const mute = Array.from({ length: 100 }, () => {
    const socket = connect(Number(port), '127.0.0.1')
    const lines = Object.entries(headersFor(server.secret)).map(([name, value]) => `${name}: ${value}`)
    socket.write(`GET /__tether HTTP/1.1\r\nHost: localhost\r\n${lines.join('\r\n')}\r\n\r\n`)
    return closed(socket)
  })
  const calls = Array.from({ length: 20 }, () => client.rpc.fetch('/a'))
  await Promise.all([...silent, ...mute, ...calls])
  expect(disconnects).toEqual([])
  expect(server.sessions.list()).toHaveLength(1)
})

test('fuzzed frames end their link, never the process and never another session', async () => {
  const server = await serve()
  const ledger = new Ledger()
  const client = await open({
    ...server,
    functions: runnerFunctions({ payload: (payload) => ledger.note(numberOf(payload as never)) }),
  })
  cleanups.push(() => client.close())
  const good = await server.session()
  const disconnects: unknown[] = []
  client.on('disconnect', (why) => disconnects.push(why))
  const random = seeded(19)
  const codes = new Map<number, number>()
  const COUNT = 1_000
  for (let sent = 0; sent < COUNT; sent += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const code = await fuzz(server.url, server.secret, fuzzed(random))
        codes.set(code, (codes.get(code) ?? 0) + 1)
      }),
    )
  }
  good.rpc.payload(numbered(1))
  await ledger.until(1)
  expect(disconnects).toEqual([])
  expect([...codes.keys()].sort()).toEqual([1007, 4400])
  expect(server.sessions.list()).toHaveLength(1)
})

/** Connects past the gate, sends one frame and resolves with the code it is closed with. */
function fuzz(url: string, secret: string, frame: string | Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${deriveKeys(secret).gate}` }
    const ws = new WebSocket(url, 'tether.v1', { headers })
    ws.on('open', () => {
      const text = typeof frame === 'string'
      // half of the buffers go out as text that is no UTF-8
      ws.send(frame, { binary: !text && (frame[0] ?? 0) % 2 === 0 })
    })
    ws.on('close', resolve)
    ws.on('error', reject)
  })
}
