import { afterEach, expect, test } from 'vitest'
import { openSession } from '../../../src/client/link/open-session.ts'
import type { ListenAt } from '../../../src/server/sessions/listener.ts'
import { Ledger, numbered, numberOf, runnerFunctions, startServer } from '../../support/session.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const places: [name: string, where: ListenAt][] = [
  ['a private socket', { at: 'private' }],
  ['TCP', { at: 'tcp', host: '127.0.0.1', port: 0 }],
]

for (const [label, where] of places) {
  test(`10,000 messages each way arrive once and in order over ${label}`, async () => {
    const atServer = new Ledger()
    const atRunner = new Ledger()
    const server = await startServer({
      where,
      functions: () => ({ hot: (payload) => atServer.note(numberOf(payload)) }),
    })
    cleanups.push(() => server.close())
    const client = await openSession({
      url: server.url,
      secret: server.secret,
      kind: 'attached',
      functions: runnerFunctions({ payload: (payload) => atRunner.note(numberOf(payload as never)) }),
    })
    cleanups.push(() => client.close())
    const session = await server.session()
    let resyncs = 0
    session.on('resync', () => resyncs++)
    await Promise.all([
      inBatches(10_000, (n) => session.rpc.payload(numbered(n)), atRunner),
      inBatches(10_000, (n) => client.rpc.hot(numbered(n)), atServer),
    ])
    expect(atServer.faults(10_000)).toEqual([])
    expect(atRunner.faults(10_000)).toEqual([])
    expect(resyncs).toBe(0)
  })
}

/** Sends at most as many as an outbox holds before the other side has them. */
async function inBatches(count: number, send: (n: number) => void, ledger: Ledger): Promise<void> {
  for (let n = 1; n <= count; n++) {
    send(n)
    if (n % 500 === 0) await ledger.until(n)
  }
}
