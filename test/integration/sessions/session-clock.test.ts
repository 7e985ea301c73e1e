import { expect, onTestFinished, test, vi } from 'vitest'
import { openSession } from '../../../src/client/link/open-session.ts'
import { fakeGlobals, settled } from '../../support/clock.ts'
import { Model } from '../../support/model.ts'
import { startProxy } from '../../support/proxy.ts'
import { Ledger, numbered, numberOf, runnerFunctions, startServer } from '../../support/session.ts'

const HOUR = 3_600_000

test('a wall clock that jumps by an hour, either way, with a link and without one, has no effect at all', async () => {
  const atServer = new Ledger()
  const atRunner = new Ledger()
  const server = await startServer({ functions: () => ({ hot: (payload) => atServer.note(numberOf(payload)) }) })
  onTestFinished(() => server.close())
  const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(server.url).port) })
  onTestFinished(() => proxy.close())
  const wall = fakeGlobals('Date')
  const client = await openSession({
    url: server.url.replace(/:\d+\//, `:${proxy.port}/`),
    secret: server.secret,
    kind: 'attached',
    functions: runnerFunctions({ payload: (payload) => atRunner.note(numberOf(payload as never)) }),
  })
  onTestFinished(() => client.close())
  const session = await server.session()
  const events: string[] = []
  for (const name of ['disconnect', 'resume', 'resync', 'end'] as const) client.on(name, () => events.push(name))
  let n = 0
  for (const isDown of [false, true]) {
    for (const jump of [HOUR, -2 * HOUR, HOUR]) {
      proxy.refuse(isDown)
      if (isDown) {
        proxy.cut('rst')
        await vi.waitUntil(() => client.state === 'disconnected')
      }
      client.rpc.hot(numbered(++n))
      session.rpc.payload(numbered(n))
      wall.jump(jump)
      client.rpc.hot(numbered(++n))
      session.rpc.payload(numbered(n))
      proxy.refuse(false)
      await Promise.all([atServer.until(n), atRunner.until(n)])
    }
  }
  expect(atServer.faults(n)).toEqual([])
  expect(atRunner.faults(n)).toEqual([])
  expect(events).toEqual(Array.from({ length: 3 }, () => ['disconnect', 'resume']).flat())
})

test('a machine that sleeps for ten minutes keeps its link if that is still there, and resumes within 3 s if not', async () => {
  const model = new Model()
  await model.heal(200)
  const [wire] = model.wires
  const resumed: number[] = []
  model.client!.on('resume', () => resumed.push(model.clock.now()))
  model.clock.sleep(600_000)
  await model.heal(2_000)
  expect(model.wires).toEqual([wire])

  model.clock.sleep(600_000)
  const woken = model.clock.now()
  wire!.runner.terminate()
  model.hosted!.rpc.payload({ type: 'custom', event: 'n', data: 1 })
  model.call('/a')
  await settled()
  await model.heal(3_000)
  expect(resumed).toHaveLength(1)
  expect(resumed[0]! - woken).toBeLessThan(3_000)
  expect(model.atRunner).toEqual([1])
  expect(model.answered).toEqual(['/a'])
  expect([model.resyncs, model.ends]).toEqual([[], []])
})
