import { afterEach, expect, test } from 'vitest'
import { type ClientSession, openSession } from '../../../src/client/link/open-session.ts'
import type { ServerSession } from '../../../src/server/sessions/sessions.ts'
import type { Limits } from '../../../src/shared/session/limits.ts'
import { createDeferred, type Deferred } from '../../../src/shared/util/deferred.ts'
import { repeatable, seeded } from '../../support/flaky.ts'
import { type FaultyProxy, startProxy } from '../../support/proxy.ts'
import {
  Ledger,
  numbered,
  numberOf,
  runnerFunctions,
  startServer,
  type TestServer,
  type TestServerOptions,
} from '../../support/session.ts'

const FILE = 'test/integration/sessions/session-faults.test.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Stage {
  server: TestServer
  proxy: FaultyProxy
  atServer: Ledger
  atRunner: Ledger
  resyncs: string[]
  open(limits?: Partial<Limits>): Promise<ClientSession>
}

/** A server, a proxy before it, and ledgers of what arrives at either end. */
async function stage(options: TestServerOptions = {}): Promise<Stage> {
  const atServer = new Ledger()
  const atRunner = new Ledger()
  const resyncs: string[] = []
  const server = await startServer({
    functions: () => ({ hot: (payload) => atServer.note(numberOf(payload)) }),
    ...options,
  })
  cleanups.push(() => server.close())
  const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
  cleanups.push(() => proxy.close())
  return {
    server,
    proxy,
    atServer,
    atRunner,
    resyncs,
    async open(limits = {}) {
      const client = await openSession({
        url: `ws://127.0.0.1:${proxy.port}/__tether`,
        secret: server.secret,
        kind: 'attached',
        wait: 10_000,
        limits,
        functions: runnerFunctions({ payload: (payload) => atRunner.note(numberOf(payload as never)) }),
      })
      client.on('resync', ({ reason }) => resyncs.push(reason))
      cleanups.push(() => client.close())
      return client
    },
  }
}

const nexts = new WeakMap<object, Map<string, Deferred<void>>>()

/** Resolves with the next event of that name. One listener a session and name, however often it is asked for. */
function next(session: ClientSession | ServerSession, name: 'resume' | 'disconnect'): Promise<void> {
  const waiting = nexts.get(session) ?? new Map<string, Deferred<void>>()
  nexts.set(session, waiting)
  if (!waiting.has(name)) {
    ;(session as ServerSession).on(name, () => {
      waiting.get(name)!.resolve()
      waiting.set(name, createDeferred())
    })
    waiting.set(name, createDeferred())
  }
  return waiting.get(name)!.promise
}

/** Backoff that does not make a test wait. */
const EAGER = { backoffBase: 1 }

test('10,000 messages each way survive 500 cuts at random bytes: none lost, doubled or out of order, no resync', async () => {
  const seed = Number(process.env.SEED ?? 2)
  await repeatable(seed, FILE, async () => {
    const random = seeded(seed)
    const { server, proxy, atServer, atRunner, resyncs, open } = await stage()
    const client = await open()
    const session = await server.session()
    session.on('resync', (reason) => resyncs.push(reason))
    let cuts = 0
    const cutting = (async () => {
      for (; cuts < 500; cuts++) {
        const cut = proxy.whenCut()
        proxy.cutAfter(1 + random.below(8_000), random.chance(0.5) ? 'fin' : 'rst')
        await cut
      }
    })()
    const padding = 'x'.repeat(200)
    const send = async (count: number, ledger: Ledger, put: (n: number) => void) => {
      for (let n = 1; n <= count; n++) {
        put(n)
        if (n % 20 === 0) await ledger.until(n)
      }
    }
    await Promise.all([
      cutting,
      send(10_000, atRunner, (n) => session.rpc.payload(numbered(n, padding))),
      send(10_000, atServer, (n) => client.rpc.hot(numbered(n, padding))),
    ])
    expect(cuts).toBe(500)
    expect(atServer.faults(10_000)).toEqual([])
    expect(atRunner.faults(10_000)).toEqual([])
    expect(resyncs).toEqual([])
    expect(server.sessions.list()).toHaveLength(1)
  })
}, 120_000)

/** Each single byte with TETHER_FAULTS=all, else a sample of them. */
const STRIDE = process.env.TETHER_FAULTS === 'all' ? 1 : 5

test('an exchange of 40 frames survives a cut after each single byte of it, in one session each', async () => {
  const ledgers: Ledger[] = []
  const server = await startServer({
    limits: { sessions: 10_000 },
    functions: () => {
      const ledger = new Ledger()
      ledgers.push(ledger)
      return { hot: (payload) => ledger.note(numberOf(payload)) }
    },
    begun(session) {
      for (let n = 1; n <= 20; n++) session.rpc.payload(numbered(n))
    },
  })
  cleanups.push(() => server.close())
  const port = Number(new URL(server.url).port)

  /** One exchange; gives the number of bytes that passed and of links that were used. */
  async function exchange(cutAt: number): Promise<{ bytes: number; links: number; faults: string[] }> {
    const proxy = await startProxy({ host: '127.0.0.1', port })
    if (cutAt > 0) proxy.cutAfter(cutAt, cutAt % 2 === 0 ? 'fin' : 'rst')
    const ledger = new Ledger()
    const client = await openSession({
      url: `ws://127.0.0.1:${proxy.port}/__tether`,
      secret: server.secret,
      kind: 'attached',
      wait: 10_000,
      limits: EAGER,
      functions: runnerFunctions({ payload: (payload) => ledger.note(numberOf(payload as never)) }),
    })
    for (let n = 1; n <= 20; n++) client.rpc.hot(numbered(n))
    await ledger.until(20)
    await client.close()
    const { bytes, connections } = proxy
    await proxy.close()
    return { bytes, links: connections, faults: ledger.faults(20) }
  }

  const { bytes } = await exchange(0)
  expect(bytes).toBeGreaterThan(3_000)
  let position = 0
  let cuts = 0
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (position < bytes) {
        position += STRIDE
        const cutAt = position
        const { links, faults } = await exchange(cutAt)
        expect(faults, `cut after ${cutAt} bytes`).toEqual([])
        if (links > 1) cuts++
      }
    }),
  )
  const exchanges = Math.ceil(bytes / STRIDE)
  // the last bytes are those of the farewell: who is cut off there does not come back
  const FAREWELL = 400 / STRIDE
  expect(cuts).toBeGreaterThan(exchanges - FAREWELL)
  expect(ledgers).toHaveLength(exchanges + 1)
  expect(ledgers.flatMap((ledger) => ledger.faults(20))).toEqual([])
  expect(server.sessions.list().length).toBeLessThan(FAREWELL)
}, 600_000)

test('a link that is cut before any message is resumed, with nothing lost', async () => {
  const { server, proxy, atServer, resyncs, open } = await stage()
  const client = await open()
  const resumed = next(client, 'resume')
  proxy.cut('rst')
  await resumed
  client.rpc.hot(numbered(1))
  await atServer.until(1)
  expect(resyncs).toEqual([])
  expect(server.sessions.list()).toHaveLength(1)
})

test('a black hole is noticed by both sides, and what was said into it arrives later', async () => {
  const limits = { pingAfter: 100, deadAfter: 300, handshake: 300 }
  const { server, proxy, atServer, atRunner, resyncs, open } = await stage({ limits })
  const client = await open({ ...limits, ...EAGER })
  const session = await server.session()
  const noticed = Promise.all([next(client, 'disconnect'), next(session, 'disconnect')])
  proxy.blackhole(true)
  client.rpc.hot(numbered(1))
  session.rpc.payload(numbered(1))
  await noticed
  expect([client.state, session.state]).toEqual(['disconnected', 'disconnected'])
  proxy.blackhole(false)
  await Promise.all([atServer.until(1), atRunner.until(1)])
  expect(resyncs).toEqual([])
})

test('calls in flight when the link is cut are answered once each, and entered once', async () => {
  const entered: string[] = []
  const { server, proxy, open } = await stage({
    functions: () => ({
      async fetch(url) {
        entered.push(url)
        return { external: url }
      },
    }),
  })
  const client = await open(EAGER)
  await server.session()
  const urls = Array.from({ length: 64 }, (_, i) => `/${i}`)
  proxy.cutAfter(3_000, 'rst')
  const answers = await Promise.all(urls.map((url) => client.rpc.fetch(url)))
  expect(answers).toEqual(urls.map((external) => ({ external })))
  expect(entered).toEqual(urls)
})

const MiB = 1024 * 1024

test('large messages: 15.9 MiB pass; 16.1 MiB are an error of their caller, and the next message passes', async () => {
  const sizes = { large: 15.9 * MiB, larger: 16.1 * MiB }
  const { server, atRunner, atServer, open } = await stage({
    functions: () => ({
      hot: (payload) => atServerNote(numberOf(payload)),
      fetch: async (url) => ({ external: 'x'.repeat(sizes[url as keyof typeof sizes]) }),
    }),
  })
  const atServerNote = (n: number) => atServer.note(n)
  const client = await open()
  const session = await server.session()
  const disconnects: unknown[] = []
  client.on('disconnect', (why) => disconnects.push(why))
  expect(await client.rpc.fetch('large')).toEqual({ external: 'x'.repeat(sizes.large) })
  await expect(client.rpc.fetch('larger')).rejects.toMatchObject({ code: 'ERR_TOO_LARGE' })
  const tooLarge = expect.objectContaining({ code: 'ERR_TOO_LARGE', message: expect.stringContaining('16777216') })
  expect(() => client.rpc.hot(numbered(0, 'x'.repeat(sizes.larger)))).toThrow(tooLarge)
  expect(() => session.rpc.payload(numbered(0, 'x'.repeat(sizes.larger)))).toThrow(tooLarge)
  session.rpc.payload(numbered(1, 'x'.repeat(sizes.large)))
  client.rpc.hot(numbered(1, 'ä'.repeat(sizes.large / 2)))
  await Promise.all([atRunner.until(1), atServer.until(1)])
  expect(disconnects).toEqual([])
})

test('a slow link is not taken for a dead one while a large message is under way, and little of it waits in the socket', async () => {
  // a busy machine takes some 100 ms to make and to read such messages, in which nothing else is heard
  const limits = { pingAfter: 200, deadAfter: 1500, stall: 3000 }
  const { server, proxy, atRunner, open } = await stage({ limits })
  const client = await open(limits)
  const session = await server.session()
  const disconnects: unknown[] = []
  client.on('disconnect', (why) => disconnects.push(why))
  session.on('disconnect', (why) => disconnects.push(why))
  // the systems' own buffers must be full before it shows: several MiB
  proxy.throttle(MiB)
  for (let n = 1; n <= 2; n++) session.rpc.payload(numbered(n, 'x'.repeat(6 * MiB)))
  await atRunner.until(2)
  expect(disconnects).toEqual([])
})

test('little of what a slow runner is owed waits in its socket, and a quick runner does not feel it', async () => {
  const waiting: number[] = []
  const { server, proxy, atRunner, open } = await stage({
    accepted(link) {
      const send = link.send
      link.send = (text) => {
        send(text)
        waiting.push(link.buffered)
      }
    },
  })
  await open()
  const slow = await server.session()
  const quick = await openSession({ ...server, kind: 'attached', functions: runnerFunctions() })
  cleanups.push(() => quick.close())
  proxy.throttle(10 * MiB)
  const size = 256 * 1024
  for (let n = 1; n <= 40; n++) slow.rpc.payload(numbered(n, 'x'.repeat(size)))
  for (let i = 0; i < 100; i++) await quick.rpc.fetch('/a')
  expect(atRunner.entries.length).toBeLessThan(40)
  await atRunner.until(40)
  expect(Math.max(...waiting)).toBeGreaterThan(size)
  expect(Math.max(...waiting)).toBeLessThan(MiB + size)
  expect(atRunner.faults(40)).toEqual([])
})
