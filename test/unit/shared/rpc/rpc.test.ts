import { expect, test, vi } from 'vitest'
import { TetherError } from '../../../../src/shared/errors.ts'
import { RUNNER_CONTRACT, SERVER_CONTRACT } from '../../../../src/shared/rpc/contract.ts'
import { createRpc, type Rpc } from '../../../../src/shared/rpc/rpc.ts'
import { LIMITS, type Limits } from '../../../../src/shared/session/limits.ts'
import type { RunnerFunctions, ServerFunctions } from '../../../../src/shared/types.ts'
import { FakeClock, settled } from '../../../support/clock.ts'
import { numbered, runnerFunctions, serverFunctions } from '../../../support/session.ts'

/** A runner and a server whose messages are handed over by `toServer` and `toRunner`. */
function pair(functions: Partial<ServerFunctions> = {}, limits: Limits = LIMITS) {
  const clock = new FakeClock()
  const toServer: unknown[] = []
  const toRunner: unknown[] = []
  const failed = vi.fn()
  const busy: boolean[] = []
  const runner: Rpc<ServerFunctions> = createRpc<RunnerFunctions, ServerFunctions>({
    clock,
    limits,
    local: { contract: RUNNER_CONTRACT, functions: runnerFunctions() },
    remote: SERVER_CONTRACT,
    send: (json) => toServer.push(JSON.parse(json)),
    failed,
    busy: (waiting) => busy.push(waiting),
  })
  const server: Rpc<RunnerFunctions> = createRpc<ServerFunctions, RunnerFunctions>({
    clock,
    limits,
    local: { contract: SERVER_CONTRACT, functions: serverFunctions(functions) },
    remote: RUNNER_CONTRACT,
    send: (json) => toRunner.push(JSON.parse(json)),
    failed,
  })
  runner.attached(true)
  server.attached(true)
  async function flush(): Promise<void> {
    do {
      for (const message of toServer.splice(0)) server.receive(message)
      for (const message of toRunner.splice(0)) runner.receive(message)
      await settled()
      await settled()
    } while (toServer.length > 0 || toRunner.length > 0)
  }
  return { clock, runner, server, toServer, toRunner, flush, failed, busy }
}

const external = { external: 'x' }
const protocolError = expect.objectContaining({ code: 'ERR_PROTOCOL' })

test('a call is answered', async () => {
  const { runner, flush } = pair({
    fetch: async (url, importer, fresh) => ({ external: `${url} ${importer} ${fresh}` }),
  })
  const answer = runner.remote.fetch('/a', undefined, true)
  await flush()
  expect(await answer).toEqual({ external: '/a undefined true' })
})

test('an error keeps name, message, code, position and cause, and is an Error again', async () => {
  const { runner, flush } = pair({
    async fetch() {
      const cause = new RangeError('deep')
      throw Object.assign(new SyntaxError('bad code', { cause }), { loc: { line: 2, column: 3 }, frame: 'here ^' })
    },
  })
  const answer = runner.remote.fetch('/a').catch((error) => error)
  await flush()
  const error = await answer
  expect(error).toBeInstanceOf(SyntaxError)
  expect(error).toMatchObject({ message: 'bad code', loc: { line: 2, column: 3 }, frame: 'here ^' })
  expect(error.cause).toBeInstanceOf(RangeError)
})

test.each([undefined, null, 0, '', 'text', { message: 'like an error' }])(
  'whatever is thrown (%j) rejects',
  async (thrown) => {
    const { runner, flush } = pair({
      async fetch() {
        throw thrown
      },
    })
    const answer = expect(runner.remote.fetch('/a')).rejects.toBeInstanceOf(Error)
    await flush()
    await answer
  },
)

test('functions are entered in the order of their messages, calls and events alike', async () => {
  const log: string[] = []
  const { runner, flush } = pair({
    async fetch(url) {
      log.push(url)
      await settled()
      return external
    },
    hot: ({ data }) => void log.push(`hot ${data}`),
  })
  const calls = [runner.remote.fetch('a')]
  runner.remote.hot(numbered(1))
  calls.push(runner.remote.fetch('b'), runner.remote.fetch('c'))
  runner.remote.hot(numbered(2))
  await flush()
  await Promise.all(calls)
  expect(log).toEqual(['a', 'hot 1', 'b', 'c', 'hot 2'])
})

test('a step that is to run in order runs after the functions of messages taken before, and before those of later ones', async () => {
  const log: string[] = []
  const { runner, server, toServer } = pair({ hot: ({ data }) => void log.push(`hot ${data}`) })
  runner.remote.hot(numbered(1))
  runner.remote.hot(numbered(2))
  server.receive(toServer[0])
  server.inOrder(() => log.push('step'))
  server.receive(toServer[1])
  await settled()
  expect(log).toEqual(['hot 1', 'step', 'hot 2'])
})

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'toJSON', 'close', 'hot', ''])(
  'a call of %j is answered with an error and runs nothing',
  async (m) => {
    const hot = vi.fn()
    const { server, toRunner } = pair({ hot })
    server.receive({ t: 'q', i: '1', m, a: [] })
    await settled()
    expect(toRunner).toEqual([{ t: 's', i: '1', e: protocolError }])
    expect(hot).not.toHaveBeenCalled()
  },
)

test.each([
  ['nothing', undefined],
  ['null', null],
  ['an array', []],
  ['text', 'q'],
  ['no type', {}],
  ['another type', { t: 'x' }],
  ['a function that is no text', { t: 'q', i: '1', m: 1, a: [] }],
  ['arguments that are no array', { t: 'q', i: '1', m: 'fetch', a: {} }],
  ['too many arguments', { t: 'q', i: '1', m: 'fetch', a: Array(17).fill(1) }],
  ['an id that is no text', { t: 'q', i: 1, m: 'fetch', a: [] }],
  ['an endless id', { t: 'q', i: 'x'.repeat(65), m: 'fetch', a: [] }],
  ['an event that does not exist', { t: 'q', m: 'toString', a: [] }],
  ['a call as event', { t: 'q', m: 'fetch', a: [] }],
  ['an inherited type', JSON.parse('{"__proto__":{"t":"q","m":"hot","a":[]}}')],
  ['an answer without id', { t: 's', r: 1 }],
  ['an error that is none', { t: 's', i: '1', e: 'text' }],
  ['an error without a message', { t: 's', i: '1', e: { name: 'Error' } }],
])('what the other side may not call: %s is refused', async (_what, message) => {
  const { server } = pair()
  expect(() => server.receive(message)).toThrow(protocolError)
})

test('an answer that nobody waits for is ignored', async () => {
  const { server } = pair()
  server.receive({ t: 's', i: 'x', r: 1 })
  await settled()
})

test('a call id that is being worked on is not started twice', async () => {
  const fetch = vi.fn(async () => {
    await settled()
    return external
  })
  const { server, toRunner } = pair({ fetch })
  server.receive({ t: 'q', i: '1', m: 'fetch', a: ['a'] })
  server.receive({ t: 'q', i: '1', m: 'fetch', a: ['a'] })
  await settled()
  await settled()
  expect(fetch).toHaveBeenCalledOnce()
  expect(toRunner).toHaveLength(1)
})

test('more calls at work than the limit are answered with ERR_BACKPRESSURE', async () => {
  const { server, toRunner } = pair({ fetch: () => new Promise(() => {}) }, { ...LIMITS, serving: 2 })
  for (const i of ['1', '2', '3']) server.receive({ t: 'q', i, m: 'fetch', a: ['a'] })
  await settled()
  expect(toRunner).toEqual([{ t: 's', i: '3', e: expect.objectContaining({ code: 'ERR_BACKPRESSURE' }) }])
})

test('calls in flight: further ones wait for a place, in order', async () => {
  const entered: string[] = []
  const { runner, flush, toServer } = pair(
    {
      async fetch(url) {
        entered.push(url)
        return external
      },
    },
    { ...LIMITS, calls: 2 },
  )
  const calls = ['a', 'b', 'c', 'd'].map((url) => runner.remote.fetch(url))
  await settled()
  expect(toServer).toHaveLength(2)
  await flush()
  await Promise.all(calls)
  expect(entered).toEqual(['a', 'b', 'c', 'd'])
})

test('calls in flight: it is told when the first begins and the last ends', async () => {
  const { runner, flush, busy } = pair()
  const calls = [runner.remote.fetch('a'), runner.remote.fetch('b')]
  expect(busy).toEqual([true])
  await flush()
  await Promise.all(calls)
  expect(busy).toEqual([true, false])
})

test('calls in flight: issued again they keep their id, and whichever answer comes first settles them', async () => {
  const { runner, server, toServer, toRunner, flush } = pair()
  const answer = runner.remote.fetch('a')
  runner.reissue()
  expect(toServer).toHaveLength(2)
  expect(toServer[0]).toEqual(toServer[1])
  server.receive(toServer[0])
  await settled()
  expect(toRunner).toHaveLength(1)
  await flush()
  expect(await answer).toEqual({ external: 'a' })
  runner.reissue()
  expect(toServer).toHaveLength(0)
})

test('calls in flight: an answer that is worked on when the calls are forgotten is dropped, also if the call comes again under its id', async () => {
  const finish: (() => void)[] = []
  const { runner, server, toServer, toRunner } = pair({
    fetch: (url) => new Promise((resolve) => finish.push(() => resolve({ external: `${url} ${finish.length}` }))),
  })
  void runner.remote.fetch('a')
  server.receive(toServer[0])
  await settled()
  server.abandon()
  server.receive(toServer[0])
  await settled()
  expect(finish).toHaveLength(2)
  finish[0]!()
  await settled()
  expect(toRunner).toEqual([])
  finish[1]!()
  await settled()
  expect(toRunner).toHaveLength(1)
})

test('calls in flight: an answer that is too large becomes an error that says so', async () => {
  const clock = new FakeClock()
  const sent: { t: string; i: string; e?: unknown }[] = []
  const server = createRpc<ServerFunctions, RunnerFunctions>({
    clock,
    limits: LIMITS,
    local: {
      contract: SERVER_CONTRACT,
      functions: serverFunctions({ fetch: async () => ({ external: 'x'.repeat(1_000) }) }),
    },
    remote: RUNNER_CONTRACT,
    send(json) {
      if (json.length > 900) throw new TetherError('ERR_TOO_LARGE', 'too large')
      sent.push(JSON.parse(json))
    },
    failed: () => {},
  })
  server.receive({ t: 'q', i: '1', m: 'fetch', a: ['a'] })
  await settled()
  expect(sent).toEqual([{ t: 's', i: '1', e: expect.objectContaining({ code: 'ERR_TOO_LARGE' }) }])
})

test('calls in flight: the end rejects those that wait for an answer, those that wait for a place, and those that come later', async () => {
  const { runner, busy } = pair({}, { ...LIMITS, calls: 1 })
  const calls = [runner.remote.fetch('a'), runner.remote.fetch('b')].map((call) => call.catch((error) => error))
  runner.end(() => new TetherError('ERR_CLOSED', 'over'))
  const errors = await Promise.all([...calls, runner.remote.fetch('c').catch((error) => error)])
  expect(errors.map(({ code }) => code)).toEqual(['ERR_CLOSED', 'ERR_CLOSED', 'ERR_CLOSED'])
  expect(new Set(errors).size).toBe(3)
  expect(() => runner.remote.hot(numbered(1))).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }))
  await settled()
  expect(busy).toEqual([true, false])
})

test('a call that is not answered within 120 s fails with ERR_DEADLINE', async () => {
  const { runner, clock } = pair()
  const answer = runner.remote.fetch('a').catch((error) => error)
  clock.advance(119_999)
  const later = runner.remote.fetch('b').catch((error) => error)
  clock.advance(1)
  expect(await answer).toMatchObject({ code: 'ERR_DEADLINE', message: expect.stringContaining('"fetch"') })
  clock.advance(119_999)
  expect(await later).toMatchObject({ code: 'ERR_DEADLINE' })
  expect(clock.pending).toBe(0)
})

test('deadlines: time without a link does not count', async () => {
  const { runner, clock, flush } = pair()
  clock.advance(1_000)
  const answer = runner.remote.fetch('a')
  clock.advance(100_000)
  runner.attached(false)
  clock.advance(3_600_000)
  runner.attached(true)
  clock.advance(19_999)
  await flush()
  expect(await answer).toEqual({ external: 'a' })
})

test('deadlines: what is left of the time goes on with the next link', async () => {
  const { runner, clock } = pair()
  const answer = runner.remote.fetch('a').catch((error) => error)
  clock.advance(100_000)
  runner.attached(false)
  clock.advance(1_000_000)
  runner.attached(true)
  clock.advance(20_000)
  expect(await answer).toMatchObject({ code: 'ERR_DEADLINE' })
})

test('deadlines: time that this process slept does not count', async () => {
  const { runner, clock, flush } = pair()
  const answer = runner.remote.fetch('a')
  clock.sleep(3_600_000)
  await settled()
  await flush()
  expect(await answer).toEqual({ external: 'a' })
})

test('events: what the session refuses is thrown at once', () => {
  const refuse = createRpc<RunnerFunctions, ServerFunctions>({
    clock: new FakeClock(),
    limits: LIMITS,
    local: { contract: RUNNER_CONTRACT, functions: runnerFunctions() },
    remote: SERVER_CONTRACT,
    send() {
      throw new TetherError('ERR_BACKPRESSURE', 'full')
    },
    failed: () => {},
  })
  expect(() => refuse.remote.hot(numbered(1))).toThrow(expect.objectContaining({ code: 'ERR_BACKPRESSURE' }))
})

test('events: data nested too deep is refused before it is sent', () => {
  const { runner, toServer } = pair()
  const data = JSON.parse('['.repeat(200) + ']'.repeat(200))
  expect(() => runner.remote.hot({ type: 'custom', event: 'x', data })).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_LARGE' }),
  )
  expect(toServer).toEqual([])
})

test('events: data that is no JSON is refused at once, however entangled it is', () => {
  const { runner, toServer } = pair()
  const a: Record<string, unknown> = {}
  Object.assign(a, { a, b: { a, c: [a, a] } })
  expect(() => runner.remote.hot({ type: 'custom', event: 'x', data: a })).toThrow(TypeError)
  expect(toServer).toEqual([])
})

test('events: a function that throws or rejects is reported, and the next message is taken', async () => {
  const taken: unknown[] = []
  const { runner, flush, failed } = pair({
    hot(payload) {
      taken.push(payload.data)
      throw new Error('mine')
    },
    applied: (async () => {
      throw new Error('later')
    }) as () => void,
  })
  runner.remote.hot(numbered(1))
  runner.remote.hot(numbered(2))
  runner.remote.applied({ seq: 1, outcome: 'updated', ms: 0, evaluated: 0, updates: [] })
  await flush()
  expect(taken).toEqual([1, 2])
  expect(failed.mock.calls.map(([error, name]) => [error.message, name])).toEqual([
    ['mine', 'hot'],
    ['mine', 'hot'],
    ['later', 'applied'],
  ])
})
