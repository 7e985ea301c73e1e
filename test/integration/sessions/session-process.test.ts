import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openSession } from '../../../src/client/link/open-session.ts'
import { bundle, type Running, run, tempFolder } from '../../support/child.ts'
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

const folder = tempFolder()
let program: string
beforeAll(async () => {
  program = await bundle(resolve(import.meta.dirname, '../../fixtures/session/runner.ts'), folder.path)
})
afterAll(() => folder.remove())

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function stage(
  mode: string,
  options: TestServerOptions = {},
): Promise<{ server: TestServer; proxy: FaultyProxy; child: Running }> {
  const server = await startServer(options)
  cleanups.push(() => server.close())
  const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
  cleanups.push(() => proxy.close())
  const env = { ...process.env, URL: `ws://127.0.0.1:${proxy.port}/__tether`, SECRET: server.secret, MODE: mode }
  const child = run(process.execPath, [program], { env })
  cleanups.push(() => child.end())
  return { server, proxy, child }
}

test('a process that has nothing left to do ends with code 0, although its link is open', async () => {
  const { child } = await stage('done')
  expect(await child.exited).toEqual({ code: 0, signal: null })
  expect(child.text).toBe('open\n')
})

test('a process that waits for an answer at the top level waits through a lost link, and ends when it is there', async () => {
  const asked = new Ledger()
  let answer = (): void => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { proxy, child } = await stage('call', {
    functions: () => ({
      async fetch(url) {
        asked.note(1)
        await answered
        return { external: url }
      },
    }),
  })
  await asked.until(1)
  proxy.refuse(true)
  proxy.cut('rst')
  await child.match(/disconnect/)
  answer()
  proxy.refuse(false)
  expect(await child.exited).toEqual({ code: 0, signal: null })
  expect(child.text).toBe('open\ndisconnect\nresume\nanswer {"external":"/slow"}\n')
  expect(asked.entries).toEqual([1])
})

test('a process that waits for its first link is kept alive, and so is one that asked for it', async () => {
  const server = await startServer()
  const where = { at: 'tcp', host: '127.0.0.1', port: Number(new URL(server.url).port) } as const
  const { secret } = server
  await server.close()
  const child = run(process.execPath, [program], {
    env: { ...process.env, URL: server.url, SECRET: secret, MODE: 'ref' },
  })
  cleanups.push(() => child.end())
  const later = await startServer({ where, secret })
  cleanups.push(() => later.close())
  const session = await later.session()
  await child.match(/open/)
  await session.close()
  // the end of the session ends what held the process
  expect(await child.exited).toEqual({ code: 0, signal: null })
  expect(child.text).toBe('open\nend\n')
})

test('a runner that leaves has handed over everything before it is gone, and its session ends', async () => {
  const ledger = new Ledger()
  const { server, child } = await stage('close', {
    functions: () => ({ hot: (payload) => ledger.note(numberOf(payload)) }),
  })
  const session = await server.session()
  const end = new Promise((resolve) => session.on('end', (...what) => resolve(what)))
  expect(await child.exited).toEqual({ code: 0, signal: null })
  expect(child.text).toBe('open\nend\nclosed\n')
  expect(await end).toEqual([1000, 'the runner left'])
  expect(ledger.faults(100)).toEqual([])
})

test('a stopped process loses its link but nothing else', async () => {
  const { server, child } = await stage('ref', { limits: { pingAfter: 100, deadAfter: 300 } })
  const session = await server.session()
  await child.match(/open/)
  const lost = new Promise((resolve) => session.on('disconnect', resolve))
  const resyncs: unknown[] = []
  session.on('resync', (reason) => resyncs.push(reason))
  process.kill(child.pid, 'SIGSTOP')
  for (let n = 1; n <= 1_000; n++) session.rpc.payload(numbered(n))
  expect(await lost).toMatchObject({ code: 4408 })
  process.kill(child.pid, 'SIGCONT')
  await child.match(/taken 1000/)
  expect(resyncs).toEqual([])
  expect(child.text).not.toContain('resync')
})

const fixture = (name: string) => resolve(import.meta.dirname, '../../fixtures/session', name)
const tls = { key: readFileSync(fixture('key.pem')), cert: readFileSync(fixture('cert.pem')) }
const where = { at: 'tcp', host: '127.0.0.1', port: 0, tls } as const

test('over TLS a runner that trusts the certificate gets in', async () => {
  const ledger = new Ledger()
  const server = await startServer({ where, functions: () => ({ hot: (payload) => ledger.note(numberOf(payload)) }) })
  cleanups.push(() => server.close())
  expect(server.url).toMatch(/^wss:/)
  const env = {
    ...process.env,
    URL: server.url,
    SECRET: server.secret,
    MODE: 'close',
    NODE_EXTRA_CA_CERTS: fixture('cert.pem'),
  }
  const child = run(process.execPath, [program], { env })
  cleanups.push(() => child.end())
  expect(await child.exited).toEqual({ code: 0, signal: null })
  expect(ledger.faults(100)).toEqual([])
})

test('over TLS a runner that does not trust it sends nothing and says why', async () => {
  const server = await startServer({ where })
  cleanups.push(() => server.close())
  const { url, secret } = server
  const opening = openSession({ url, secret, kind: 'attached', functions: runnerFunctions() })
  await expect(opening).rejects.toMatchObject({
    code: 'ERR_CONNECT',
    message: expect.stringContaining('certificate'),
  })
  expect(server.sessions.list()).toEqual([])
})
