import { execFileSync } from 'node:child_process'
import { connect as connectHttp2 } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { freePort, tempFolder } from '../../support/child.ts'
import { startVersions as start } from '../../support/versions.ts'

/** Text that a stream gives until its end. */
const textOf = (stream: NodeJS.ReadableStream) =>
  new Promise<string>((resolve, reject) => {
    let text = ''
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    stream.on('end', () => resolve(text)).on('error', reject)
  })

function certificate(): string {
  const folder = tempFolder()
  onTestFinished(() => folder.remove())
  const at = (name: string) => join(folder.path, name)
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-keyout',
      at('key'),
      '-out',
      at('crt'),
    ],
    { stdio: 'ignore' },
  )
  return `{ key: readFileSync('${at('key')}'), cert: readFileSync('${at('crt')}') }`
}

const PROTOCOLS: Record<string, { code: (port: number) => string; ask: (port: number) => Promise<string> }> = {
  https: {
    code: (port) => `
      import { readFileSync } from 'node:fs'
      import { createServer } from 'node:https'
      createServer(${certificate()}, (_, response) => response.end(version)).listen(${port}, () => console.log('listens'))`,
    ask: (port) =>
      new Promise((resolve, reject) => {
        requestHttps({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, (response) =>
          resolve(textOf(response)),
        )
          .on('error', reject)
          .end()
      }),
  },
  tls: {
    code: (port) => `
      import { readFileSync } from 'node:fs'
      import { createServer } from 'node:tls'
      createServer(${certificate()}, (socket) => socket.end(version)).listen(${port}, () => console.log('listens'))`,
    ask: (port) => textOf(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })),
  },
  net: {
    code: (port) => `
      import { createServer } from 'node:net'
      createServer((socket) => socket.end(version)).listen(${port}, () => console.log('listens'))`,
    ask: (port) => textOf(connect({ port, host: '127.0.0.1' })),
  },
  http2: {
    code: (port) => `
      import { createServer } from 'node:http2'
      createServer((_, response) => response.end(version)).listen(${port}, () => console.log('listens'))`,
    ask: (port) => {
      const session = connectHttp2(`http://127.0.0.1:${port}`)
      return textOf(session.request({ ':path': '/' })).finally(() => session.close())
    },
  },
}

test.each(Object.entries(PROTOCOLS))(
  'the port of %s is taken over, 20 times, and nobody is refused',
  async (_, { code, ask }) => {
    const port = await freePort()
    const app = await start(code(port))
    const failures: unknown[] = []
    let isOver = false
    const load = (async () => {
      while (!isOver) await ask(port).catch((error) => failures.push(error))
    })()
    for (let version = 1; version <= 20; version++) {
      await app.update(version)
      expect(await ask(port)).toBe(String(version))
    }
    isOver = true
    await load
    expect(failures).toEqual([])
  },
  60_000,
)

test('requests on an open session of HTTP/2 are answered by the newest code', async () => {
  const port = await freePort()
  const app = await start(PROTOCOLS.http2!.code(port))
  const session = connectHttp2(`http://127.0.0.1:${port}`)
  onTestFinished(() => session.destroy())
  for (let version = 1; version <= 3; version++) {
    await app.update(version)
    expect(await textOf(session.request({ ':path': '/' }))).toBe(String(version))
  }
})

test('a WebSocket of a replaced server is told to come again, and finds the newest', async () => {
  const port = await freePort()
  const app = await start(`
    import { createServer } from 'node:http'
    import { WebSocketServer } from 'ws'
    const server = createServer().listen(${port}, () => console.log('listens'))
    new WebSocketServer({ server }).on('connection', (socket) => socket.send(version))`)
  const open = () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`)
    onTestFinished(() => socket.terminate())
    return {
      greeting: new Promise<string>((resolve, reject) => {
        socket.once('message', (data) => resolve(String(data))).once('error', reject)
      }),
      code: new Promise<number>((resolve) => socket.once('close', resolve)),
    }
  }
  let client = open()
  expect(await client.greeting).toBe('0')
  for (let version = 1; version <= 3; version++) {
    await app.update(version)
    expect(await client.code).toBe(1012)
    client = open()
    expect(await client.greeting).toBe(String(version))
  }
})
