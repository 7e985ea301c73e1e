import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { connect } from '../../src/client/runner/connect.ts'
import { deriveKeys, proveWelcome, randomId } from '../../src/shared/session/auth.ts'
import { freePort } from '../support/child.ts'
import { createProject } from '../support/project.ts'
import { createLines, startServer } from '../support/tether.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const token = 'the token of the true server'
const marker = globalThis as { evaluated?: string[] }
const CODE = { 'main.ts': 'globalThis.evaluated.push("true server")\nimport.meta.hot?.accept()' }

/** The words of a server that feeds code: on its own account, and when it is asked. */
const attack = {
  module: {
    ...{
      id: '/main.ts',
      url: '/main.ts',
      file: '/main.ts',
      version: 1e9,
      hash: 'x',
      map: null,
      deps: {},
      dynamicDeps: {},
    },
    code: 'globalThis.evaluated.push("impostor")',
  },
  unasked(): object[] {
    const change = { seq: 1, seeds: ['/main.ts'], modules: [attack.module], failed: [] }
    return [
      { t: 'q', m: 'change', a: [change] },
      { t: 'q', m: 'payload', a: [{ type: 'full-reload' }] },
    ]
  },
  answer({ m, i }: { m: string; i: string }): object {
    const config = { id: 'x', root: '/', env: {}, hmr: true, entries: [], onUnaccepted: 'reload' }
    return { t: 's', i, r: m === 'init' ? config : { id: '/main.ts', url: '/main.ts', modules: [attack.module] } }
  },
}

/** A server that knows no token but the one given, if any, and sends code at once. Counts who says hello. */
async function squat(port: number, knows?: string): Promise<{ hellos: number }> {
  const server = new WebSocketServer({ port, host: '127.0.0.1', handleProtocols: () => 'tether.v1' })
  await once(server, 'listening')
  cleanups.push(() => {
    for (const client of server.clients) client.terminate()
    return new Promise((resolve) => server.close(resolve))
  })
  const seen = { hellos: 0 }
  server.on('connection', (socket) => {
    const [boot, challenge] = [randomId(), randomId()]
    let seq = 0
    const say = (frame: object) => socket.send(JSON.stringify(frame))
    const feed = (d: object) => say({ t: 'msg', s: ++seq, a: 0, d })
    say({ t: 'challenge', v: [1], boot, nonce: challenge })
    socket.on('message', (data) => {
      const { t, nonce, next, sid, d } = JSON.parse(String(data))
      if (t === 'msg' && d.i !== undefined) feed(attack.answer(d))
      if (t !== 'hello') return
      seen.hellos++
      const welcome = { sid: sid ?? next, resumed: sid !== undefined, recv: 0 }
      const proof = proveWelcome(deriveKeys(knows ?? 'a guess'), { boot, challenge, hello: nonce }, welcome)
      say({ t: 'welcome', v: 1, ...welcome, max: 1e6, proof })
      for (const each of attack.unasked()) feed(each)
    })
  })
  return seen
}

test('a process that has taken the port of the server is refused by a runner that comes first, and nothing that it sends is evaluated', async () => {
  marker.evaluated = []
  const port = await freePort()
  const seen = await squat(port)
  const opening = connect({ url: `ws://127.0.0.1:${port}/__tether`, token })
  await expect(opening).rejects.toMatchObject({ code: 'ERR_UNAUTHORIZED' })
  expect(seen.hellos).toBe(1)
  expect(marker.evaluated).toEqual([])
})

test('a process that has taken the port of the server is refused by a runner that comes back after the server has died; what it runs goes on unchanged', async () => {
  marker.evaluated = []
  const project = createProject(CODE)
  const port = await freePort()
  const { server } = await startServer(project.root, { attach: { port, token } })
  const { lines, push } = createLines()
  const logger = { info: push, debug: push, error: push }
  const runner = await connect({ url: `ws://127.0.0.1:${port}/__tether`, token, root: project.root, logger })
  cleanups.push(() => runner.close())
  await runner.import('/main.ts')
  const ended = once(runner, 'end')
  await server.close()
  const seen = await squat(port)
  const [error] = await ended
  expect(error).toMatchObject({ code: 'ERR_UNAUTHORIZED', message: expect.stringContaining('did not prove') })
  expect(seen.hellos).toBeGreaterThan(0)
  expect(marker.evaluated).toEqual(['true server'])
  expect(JSON.stringify([lines, error.message, error.stack])).not.toContain(token)
})

test('a process that has taken the port of the server would be believed if it knew the token: the attack itself works', async () => {
  marker.evaluated = []
  const port = await freePort()
  await squat(port, token)
  const runner = await connect({ url: `ws://127.0.0.1:${port}/__tether`, token, root: '/' })
  cleanups.push(() => runner.close())
  await runner.import('/main.ts')
  expect(marker.evaluated).toEqual(['impostor'])
})

/** A relay that writes down all that passes. */
async function record(port: number): Promise<{ port: number; fromRunner: () => Buffer; fromServer: () => Buffer }> {
  const heard: Record<'runner' | 'server', Buffer[]> = { runner: [], server: [] }
  const sockets = new Set<Socket>()
  const relay: Server = createServer((client) => {
    const upstream = connectTcp(port, '127.0.0.1')
    for (const socket of [client, upstream]) sockets.add(socket.on('error', () => {}))
    client.on('data', (data) => heard.runner.push(data)).pipe(upstream)
    upstream.on('data', (data) => heard.server.push(data)).pipe(client)
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => relay.close(resolve))
  })
  return {
    port: (relay.address() as AddressInfo).port,
    fromRunner: () => Buffer.concat(heard.runner),
    fromServer: () => Buffer.concat(heard.server),
  }
}

/** Sends bytes and resolves with what came back by the time that the proof was refused, or the socket closed. */
function play(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {})
    let answer = ''
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text
      if (answer.includes('proof refused')) socket.destroy()
    })
    socket.on('close', () => resolve(answer))
    socket.write(bytes)
  })
}

async function recorded() {
  marker.evaluated = []
  const project = createProject(CODE)
  const server = await startServer(project.root, { attach: { port: 0, token } })
  const { port } = new URL(server.hub.attach!.url)
  const relay = await record(Number(port))
  const runner = await connect({ url: `ws://127.0.0.1:${relay.port}/__tether`, token, root: project.root })
  await runner.import('/main.ts')
  return { server, port: Number(port), relay, runner, project }
}

test('a session that was recorded is refused when it is played back to the server, 100 times, while it lives and after', async () => {
  const { server, port, relay, runner } = await recorded()
  const events: string[] = []
  for (const name of ['runner:connect', 'runner:resume', 'runner:disconnect'] as const) {
    server.hub.on(name, () => events.push(name))
  }
  const bytes = relay.fromRunner()
  for (const half of ['while it lives', 'after']) {
    if (half === 'after') await runner.close()
    const answers = await Promise.all(Array.from({ length: 50 }, () => play(port, bytes)))
    for (const answer of answers) {
      // let in at the gate, whose key is in the recording, and told that the proof is not one
      expect(answer).toMatch(/^HTTP\/1\.1 101/)
      expect(answer).not.toContain('welcome')
    }
  }
  expect(events).toEqual(['runner:disconnect'])
  expect(server.hub.runners).toEqual([])
})

test('a session that was recorded is refused when it is played back to a runner', async () => {
  const { relay, runner } = await recorded()
  await runner.close()
  marker.evaluated = []
  // all that the server said, after an upgrade that is made for the new runner
  const frames = relay.fromServer().subarray(relay.fromServer().indexOf('\r\n\r\n') + 4)
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'tether.v1' })
  await once(server, 'listening')
  cleanups.push(() => new Promise((resolve) => server.close(resolve)))
  server.on('connection', (socket: WebSocket & { _socket?: Socket }) => socket._socket!.write(frames))
  const opening = connect({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/__tether`, token })
  await expect(opening).rejects.toMatchObject({ code: 'ERR_UNAUTHORIZED' })
  expect(marker.evaluated).toEqual([])
})
