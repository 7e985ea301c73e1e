import { expect, test } from 'vitest'
import { configureEngine } from '../../../../src/client/hmr/engine.ts'
import { createHmrEmitter, createHotContext, getCache, handleMessage, sendMessageBuffer } from '../../../../src/hmr.ts'
import { createFakeRuntime } from '../../../support/fake-runtime.ts'

/** A runner with one evaluated module, and a way to make hot contexts for it. */
async function start() {
  const { runner, runtime } = createFakeRuntime({ module: {}, other: {} }, ['module', 'other'])
  await runtime.evaluate('module')
  await runtime.evaluate('other')
  const logs: string[] = []
  configureEngine(runner, { logger: { info: (line) => logs.push(line), error: (line) => logs.push(line) } })
  const emitter = createHmrEmitter()
  const context = (id = 'module') => createHotContext(runner, emitter, [], id)
  const send = (event: string, data?: unknown) => handleMessage(runner, emitter, [], { type: 'custom', event, data })
  return { runner, emitter, context, send, logs, cache: getCache(runner) }
}

test('a hot context registers what is accepted, by id', async () => {
  const { context, cache } = await start()
  const hot = context()
  hot.accept()
  hot.accept(() => {})
  hot.accept('dep', () => {})
  hot.accept(['a', 'b'], () => {})
  hot.acceptExports('x')
  hot.acceptExports(['x', 'y'], () => {})
  const registered = cache.hotModulesMap.get('module')!.callbacks.map(({ deps, exports }) => [deps, exports])
  expect(registered).toEqual([
    [['module'], undefined],
    [['module'], undefined],
    [['dep'], undefined],
    [['a', 'b'], undefined],
    [['module'], ['x']],
    [['module'], ['x', 'y']],
  ])
})

test('accept() with anything else throws', async () => {
  const { context } = await start()
  expect(() => context().accept(42 as never)).toThrow(/accept\(\) takes .*, got number/)
})

test('decline() does nothing', async () => {
  const { context, cache } = await start()
  context().decline()
  expect(cache.hotModulesMap.size).toBe(0)
})

test('a new instance of the module starts afresh but keeps its data', async () => {
  const { context, cache, send } = await start()
  const heard: unknown[] = []
  const hot = context()
  hot.data.kept = 1
  hot.accept()
  hot.on('event', (data) => heard.push(data))
  const again = context()
  expect(again.data).toEqual({ kept: 1 })
  expect(cache.hotModulesMap.has('module')).toBe(false)
  await send('event', 'x')
  expect(heard).toEqual([])
})

test('off() takes out one listener, and not that of another module', async () => {
  const { context, send } = await start()
  const heard: string[] = []
  const shared = () => heard.push('shared')
  const one = context('module')
  const other = context('other')
  one.on('event', shared)
  one.on('event', () => heard.push('own'))
  other.on('event', shared)
  one.off('event', shared)
  one.off('event', () => {})
  await send('event')
  expect(heard).toEqual(['own', 'shared'])
})

test('a listener that takes itself out does not make others miss the event', async () => {
  const { context, send } = await start()
  const heard: string[] = []
  const hot = context()
  const once = () => {
    heard.push('once')
    hot.off('event', once)
  }
  hot.on('event', once)
  hot.on('event', () => heard.push('always'))
  await send('event')
  await send('event')
  expect(heard).toEqual(['once', 'always', 'always'])
})

test('custom sends wait in the buffer until somebody takes them, then go out in order, once', async () => {
  const { runner, emitter, context, cache } = await start()
  const hot = context()
  hot.send('first', { n: 1 })
  hot.send('second')
  expect(cache.messageBuffer).toEqual([
    '{"type":"custom","event":"first","data":{"n":1}}',
    '{"type":"custom","event":"second"}',
  ])
  const taken: string[] = []
  emitter.on('custom', (json) => taken.push(JSON.parse(json).event))
  await handleMessage(runner, emitter, [], { type: 'connected' })
  hot.send('third')
  sendMessageBuffer(runner, emitter)
  expect(taken).toEqual(['first', 'second', 'third'])
  expect(cache.messageBuffer).toEqual([])
})

test('a listener that throws does not make earlier messages go out twice', async () => {
  const { runner, emitter, context } = await start()
  const hot = context()
  hot.send('first')
  hot.send('second')
  const taken: string[] = []
  let isBroken = true
  emitter.on('custom', (json) => {
    const { event } = JSON.parse(json)
    if (event === 'second' && isBroken) throw new Error('not now')
    taken.push(event)
  })
  expect(() => sendMessageBuffer(runner, emitter)).toThrow('not now')
  isBroken = false
  sendMessageBuffer(runner, emitter)
  expect(taken).toEqual(['first', 'second'])
})

test('a send that is not taken throws, and does not go out later', async () => {
  const { runner, emitter, context } = await start()
  const taken: string[] = []
  let isFull = true
  emitter.on('custom', (json) => {
    if (isFull) throw new Error('full')
    taken.push(JSON.parse(json).event)
  })
  const hot = context()
  expect(() => hot.send('lost')).toThrow('full')
  isFull = false
  hot.send('later')
  sendMessageBuffer(runner, emitter)
  expect(taken).toEqual(['later'])
})

test('handleMessage says that it is connected, and ignores what does not concern a server', async () => {
  const { runner, emitter, logs } = await start()
  const css = { type: 'css-update' as const, path: '/a.css', acceptedPath: '/a.css', timestamp: 1 }
  await handleMessage(runner, emitter, [], { type: 'connected' })
  await handleMessage(runner, emitter, [], { type: 'update', updates: [css] })
  await handleMessage(runner, emitter, [], { type: 'ping' })
  await handleMessage(runner, emitter, [], { type: 'prune', paths: ['/gone.js'] })
  expect(logs).toEqual(['[vite-tether] connected.'])
})

test('an update that names no seeds starts at the accepted modules', async () => {
  const { runner, emitter, context, logs } = await start()
  context().accept()
  const update = { type: 'js-update' as const, path: 'module', acceptedPath: 'module', timestamp: 1 }
  await handleMessage(runner, emitter, [], { type: 'update', updates: [update] })
  expect(logs).toEqual(['[vite-tether] hot updated: module'])
})

test('a full reload that a file triggered concerns only runners that hold it', async () => {
  const { runner, emitter, logs } = await start()
  await handleMessage(runner, emitter, [], { type: 'full-reload', triggeredBy: 'elsewhere' })
  expect(logs).toEqual([])
  await handleMessage(runner, emitter, [], { type: 'full-reload', triggeredBy: 'module' })
  expect(logs).toEqual(['[vite-tether] program reload'])
})

test('an error payload is logged with its frame, and vite:error is told', async () => {
  const { runner, emitter, context, logs } = await start()
  const heard: string[] = []
  context().on('vite:error', ({ err }) => heard.push(err.message))
  const err = {
    message: 'Unexpected token',
    stack: '',
    frame: '1 | const x = ;',
    loc: { file: '/a.js', line: 1, column: 10 },
  }
  await handleMessage(runner, emitter, [], { type: 'error', err })
  expect(heard).toEqual(['Unexpected token'])
  expect(logs).toEqual([
    '[vite-tether] Internal server error: Error: Unexpected token\n    at /a.js:1:10\n1 | const x = ;',
  ])
})
