/** Requests and answers over Vite's port are as they would be without Vite in between. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type FullStack, PAGES, startFullStack } from '../../support/full-stack.ts'

const main = `
  import { createServer } from 'node:http'
  import { createHash } from 'node:crypto'
  import { WebSocketServer } from '${import.meta.resolve('ws')}'
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://app')
    request.on('close', () => request.complete || console.log('request cut'))
    response.on('close', () => response.writableFinished || console.log('answer cut'))
    if (pathname === '/headers') {
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.setHeader('X-App', 'yes')
      response.statusMessage = 'Fine'
      response.end(JSON.stringify({ raw: request.rawHeaders, version: request.httpVersion, trailers: request.trailers }))
    } else if (pathname === '/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.flushHeaders()
      // before the line: the test sends the signal as soon as it has read that, which would end the process
      process.once('SIGUSR2', () => response.write('data: 1\\n\\n'))
      console.log('streams')
    } else if (pathname === '/echo') {
      request.pipe(response)
    } else if (pathname === '/hash') {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const chunk of request) {
        hash.update(chunk)
        bytes += chunk.length
      }
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write(String(bytes))
      response.addTrailers({ 'X-Sum': hash.digest('hex'), 'X-Got': request.trailers['x-sent'] ?? 'none' })
      response.end()
    } else if (pathname === '/zeros') {
      const chunk = Buffer.alloc(1 << 16)
      for (let n = 0; n < 2048; n++) if (!response.write(chunk)) await new Promise((done) => response.once('drain', done))
      response.end()
    } else if (pathname === '/early') {
      response.writeHead(413).end('too large')
    } else if (pathname === '/waits') console.log('waits')
    else response.end('?')
  })
  server.on('checkContinue', (request, response) => {
    if (request.url === '/refused') return response.writeHead(417).end('no')
    console.log('asked to go on')
    response.writeContinue()
    server.emit('request', request, response)
  })
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refuses') return socket.end('HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 2\\r\\n\\r\\nno')
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.send('hello ' + request.headers.host + ' ' + request.url + ' ' + client.protocol)
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
      client.on('close', (code) => console.log('socket closed with ' + code))
    })
  })
  server.listen(0, '127.0.0.1')
`

const start = (config = {}) => startFullStack({ 'src/main.ts': main, ...PAGES }, {}, config)

async function send(
  { port }: FullStack,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ asked: ClientRequest; answer: Promise<IncomingMessage> }> {
  const asked = request({ host: '127.0.0.1', port, path, agent: false, ...options })
  const answer = once(asked, 'response').then(([response]) => response as IncomingMessage)
  answer.catch(() => {})
  onTestFinished(() => void asked.destroy())
  return { asked, answer }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of answer) text += chunk
  return text
}

test('headers, status and trailers arrive as they were sent, those of the connection excepted', async () => {
  const stack = await start()
  const { asked, answer } = await send(stack, '/headers?x=%20', {
    headers: {
      ...{
        host: `localhost:${stack.port}`,
        'X-Twice': 'a',
        connection: 'keep-alive, x-secret',
        'X-Secret': '1',
        cookie: 'c=3',
      },
      ...{
        'keep-alive': 'timeout=9',
        te: 'trailers',
        'proxy-authorization': 'Basic x',
        'x-forwarded-for': '203.0.113.7',
      },
    },
  })
  asked.end()
  const got = await answer
  expect(got.statusMessage).toBe('Fine')
  expect(got.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-app': 'yes' })
  const { raw } = JSON.parse(await textOf(got)) as { raw: string[] }
  const seen = Object.fromEntries(
    raw.flatMap((name, index) => (index % 2 ? [] : [[name.toLowerCase(), raw[index + 1]]])),
  )
  expect(seen).toEqual({
    ...{ host: `localhost:${stack.port}`, 'x-twice': 'a', cookie: 'c=3', te: 'trailers', connection: 'keep-alive' },
    ...{ 'x-forwarded-for': '203.0.113.7, 127.0.0.1', 'x-forwarded-host': `localhost:${stack.port}` },
    ...{ 'x-forwarded-proto': 'http', 'x-forwarded-port': String(stack.port) },
  })

  const upload = await send(stack, '/hash', { method: 'POST', headers: { trailer: 'X-Sent' } })
  upload.asked.write('abc')
  upload.asked.addTrailers({ 'X-Sent': 'yes' })
  upload.asked.end()
  const hashed = await upload.answer
  expect(await textOf(hashed)).toBe('3')
  expect(hashed.trailers).toEqual({ 'x-sum': expect.stringMatching(/^ba7816bf/), 'x-got': 'yes' })
})

test('streams go both ways as they come, and either side learns that the other has gone', async () => {
  const stack = await start()
  const events = await send(stack, '/events')
  events.asked.end()
  const stream = await events.answer
  await stack.line(/^streams$/)
  process.kill(stack.hub.runners[0]!.pid!, 'SIGUSR2')
  expect(String((await once(stream, 'data'))[0])).toBe('data: 1\n\n')
  stream.destroy()
  await stack.line(/^answer cut$/)

  // one chunk comes back before the next one is sent
  const echo = await send(stack, '/echo', { method: 'POST' })
  echo.asked.write('one')
  const back = await echo.answer
  expect(String((await once(back, 'data'))[0])).toBe('one')
  echo.asked.write('two')
  expect(String((await once(back, 'data'))[0])).toBe('two')
  echo.asked.destroy()
  await stack.line(/^request cut$/)

  const waits = await send(stack, '/waits')
  waits.asked.end()
  await stack.line(/^waits$/)
  const cut = stack.lines.length
  waits.asked.on('error', () => {})
  waits.asked.destroy()
  await expect.poll(() => stack.lines.slice(cut)).toContain('answer cut')
  expect(stack.lines.filter((line) => line.includes('[vite-tether]') && /GET|POST/.test(line))).toEqual([])
})

test('128 MiB go up and down in bounded memory', async () => {
  const stack = await start()
  await stack.ask('/hash')
  const before = process.memoryUsage().rss
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 5)
  onTestFinished(() => clearInterval(timer))
  const size = 128 << 20
  const { asked, answer } = await send(stack, '/hash', { method: 'PUT', headers: { 'content-length': String(size) } })
  const chunk = Buffer.alloc(1 << 16)
  for (let sent = 0; sent < size; sent += chunk.length) if (!asked.write(chunk)) await once(asked, 'drain')
  asked.end()
  expect(await textOf(await answer)).toBe(String(size))
  const down = await send(stack, '/zeros')
  down.asked.end()
  let got = 0
  for await (const part of await down.answer) got += (part as Buffer).length
  expect(got).toBe(size)
  // Vite, the client and the test are one process, whose garbage waits where the machine is busy
  expect((peak - before) / (1 << 20)).toBeLessThan(96)
})

test('the app decides on `Expect: 100-continue`, and may answer before it has the body', async () => {
  const stack = await start()
  const expected = await send(stack, '/hash', {
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': '3' },
  })
  expected.asked.flushHeaders()
  await once(expected.asked, 'continue')
  expect(stack.lines).toContain('asked to go on')
  expected.asked.end('abc')
  expect(await textOf(await expected.answer)).toBe('3')

  const refused = await send(stack, '/refused', {
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': '3' },
  })
  let isContinued = false
  refused.asked.on('continue', () => {
    isContinued = true
  })
  refused.asked.flushHeaders()
  expect((await refused.answer).statusCode).toBe(417)
  expect(isContinued).toBe(false)
  refused.asked.destroy()

  const early = await send(stack, '/early', { method: 'POST', headers: { 'content-length': String(8 << 20) } })
  early.asked.on('error', () => {})
  early.asked.write(Buffer.alloc(1 << 20))
  const answer = await early.answer
  expect([answer.statusCode, await textOf(answer)]).toEqual([413, 'too large'])
})

/** A client of Vite's port that speaks WebSocket. */
async function open({ port }: FullStack, path: string, protocols: string[] = [], headers = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers })
  onTestFinished(() => socket.terminate())
  const messages: string[] = []
  socket.on('message', (data) => messages.push(String(data)))
  const [outcome] = (await Promise.race([
    once(socket, 'open').then(() => ['open']),
    once(socket, 'unexpected-response').then(([, response]) => [response.statusCode]),
    once(socket, 'error').then(([error]) => [error.message]),
  ])) as [string | number]
  return { socket, messages, outcome }
}

test("upgrades reach the app beside Vite's own and ours, unless their host is not allowed", async () => {
  const stack = await startFullStack({ 'src/main.ts': main, ...PAGES }, { attach: true })
  await stack.ask('/?')
  const own = await open(stack, '/chat?room=1', ['chat'])
  await expect.poll(() => own.messages).toEqual([`hello 127.0.0.1:${stack.port} /chat?room=1 chat`])
  own.socket.send('x'.repeat(100_000))
  await expect.poll(() => own.messages.at(-1)?.length).toBe(100_000)
  own.socket.close(4001)
  await stack.line(/^socket closed with 4001$/)

  const token = stack.server.config.webSocketToken
  const hmr = await open(stack, `/?token=${token}`, ['vite-hmr'])
  await expect.poll(() => hmr.messages).toContain('{"type":"connected"}')
  const attached = await open(stack, '/__tether')
  expect(attached.outcome).toBe(401)
  expect((await open(stack, '/refuses')).outcome).toBe(401)
  expect((await open(stack, '/chat', [], { host: 'evil.example' })).outcome).toBe(403)
  // cut from either side
  const other = await open(stack, '/chat')
  other.socket.terminate()
  await stack.line(/^socket closed with 1006$/)
  const last = await open(stack, '/chat')
  process.kill(stack.hub.runners[0]!.pid!, 'SIGKILL')
  await once(last.socket, 'close')
})

test('an encrypted Vite has the app asked by HTTP/2 and by HTTP/1', async () => {
  const pem = (name: string) => readFileSync(new URL(`../../fixtures/session/${name}.pem`, import.meta.url))
  const stack = await start({ server: { https: { cert: pem('cert'), key: pem('key') } } })
  const session = connectHttp2(`https://127.0.0.1:${stack.port}`, { rejectUnauthorized: false })
  onTestFinished(() => session.destroy())
  const ask = async (headers: Record<string, string>, body?: string) => {
    const stream = session.request(headers)
    let trailers: unknown
    stream.on('trailers', (got) => {
      trailers = got['x-sum']
    })
    stream.end(body)
    const [head] = await once(stream, 'response')
    let text = ''
    for await (const chunk of stream) text += chunk
    return { status: head[':status'], text, trailers }
  }
  const seen = JSON.parse((await ask({ ':path': '/headers', cookie: 'a=1' })).text)
  expect(seen.version).toBe('1.1')
  expect(seen.raw).toEqual(expect.arrayContaining(['X-Forwarded-Proto', 'https', 'Host', `127.0.0.1:${stack.port}`]))
  expect(await ask({ ':path': '/hash', ':method': 'POST' }, 'abc')).toEqual({
    ...{ status: 200, text: '3', trailers: expect.stringMatching(/^ba7816bf/) },
  })
  expect(await ask({ ':path': '/early', ':method': 'POST' }, 'abc')).toMatchObject({ status: 413, text: 'too large' })
})

/** The bytes that come back on a connection of its own. */
async function talk(port: number, ...parts: string[]): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  for (const part of parts) socket.write(part)
  await once(socket, 'close')
  return text
}

test('requests that no library makes are answered', async () => {
  const stack = await start()
  expect(await talk(stack.port, 'GET /headers HTTP/1.0\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 200 Fine[\s\S]*"Host","localhost"/,
  )
  const chunked =
    'DELETE /hash HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
  expect(await talk(stack.port, chunked)).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*X-Sum: ba7816bf/)
  const pipelined =
    'GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  expect((await talk(stack.port, pipelined)).match(/HTTP\/1\.1 200/g)).toHaveLength(2)
})
