import { expect, test } from 'vitest'
import { applyChange, enqueueChange } from '../../../../src/client/hmr/apply.ts'
import { configureEngine, type EngineOptions, getEngine } from '../../../../src/client/hmr/engine.ts'
import { createHotContext, type HotContext } from '../../../../src/client/hmr/hot-context.ts'
import { changeOf } from '../../../../src/client/hmr/outcome.ts'
import { createHmrEmitter } from '../../../../src/shared/hmr-emitter.ts'
import type { Change, ModuleRecord } from '../../../../src/shared/types.ts'
import { createDeferred } from '../../../../src/shared/util/deferred.ts'
import { createFakeRuntime, type FakeModule } from '../../../support/fake-runtime.ts'

/** An app of fake modules whose entry is evaluated; everything said and done is in `journal`. */
async function start(modules: Record<string, FakeModule>, options: EngineOptions = {}, roots = ['entry']) {
  const fake = createFakeRuntime(modules, roots)
  const { runner, journal } = fake
  const emitter = createHmrEmitter()
  const say = (line: string) => journal.push(line.split('\n')[0]!)
  configureEngine(runner, { logger: { info: say, error: say }, ...options })
  const contexts = new Map<string, { of: object; hot: HotContext }>()
  /** `import.meta.hot` of the instance that `id` has now. A module's code has one; a second one would forget what the first has registered. */
  function hot(id: string): HotContext {
    const instance = fake.instances.get(id)
    if (!instance) throw new Error(`only a module that has an instance has a hot context, and ${id} has none`)
    const known = contexts.get(id)
    if (known?.of === instance) return known.hot
    const context = createHotContext(runner, emitter, [], id)
    contexts.set(id, { of: instance, hot: context })
    return context
  }
  for (const root of roots) await fake.runtime.evaluate(root).catch(() => {})
  journal.length = 0
  const save = (...seeds: string[]) => applyChange(runner, changeOf(seeds))
  return { ...fake, hot, save, engine: getEngine(runner) }
}

test('a change is told, prepares, disposes dependents first, detaches, evaluates, calls back and reports, in this order', async () => {
  const app = await start({ entry: { imports: ['b'] }, b: { imports: ['a'] }, a: {} })
  for (const which of ['first', 'second']) app.hot('entry').accept('b', () => app.journal.push(`${which} callback`))
  for (const id of ['a', 'b']) app.hot(id).dispose(() => app.journal.push(`dispose ${id}`))
  app.hot('entry').on('vite:beforeUpdate', () => app.journal.push('before'))
  const report = await app.save('a')
  expect(report).toMatchObject({ outcome: 'updated', evaluated: 2, updates: [{ boundary: 'entry', accepted: 'b' }] })
  expect(app.journal).toEqual([
    'before',
    'prepare b',
    'dispose b',
    'dispose a',
    'detach b a',
    'run a',
    'run b',
    'first callback',
    'second callback',
    '[vite-tether] hot updated: b via entry',
  ])
})

test('records that are newer are seeds, whether the server named them or not', async () => {
  const app = await start({ entry: { imports: ['a'] }, a: {} })
  app.hot('a').accept()
  const change: Change = { seq: 4, seeds: [], modules: [{ id: 'a' } as ModuleRecord], failed: [] }
  expect(await applyChange(app.runner, change)).toMatchObject({ seq: 4, outcome: 'updated', evaluated: 1 })
})

test('a change that concerns no instance touches nothing', async () => {
  const app = await start({ entry: {} })
  expect(await app.save('elsewhere')).toMatchObject({ outcome: 'unaffected', evaluated: 0 })
  expect(app.journal).toEqual([])
})

test('changes are applied one after the other, in the order in which they came', async () => {
  const gate = createDeferred<void>()
  const app = await start({ entry: { imports: ['a', 'b'] }, a: {}, b: {} })
  app.hot('a').accept()
  app.hot('b').accept()
  app.modules.a = { run: () => gate.promise }
  const first = app.save('a')
  const second = app.save('b')
  expect(app.engine.cache.queued).toHaveLength(2)
  await Promise.resolve()
  expect(app.engine.cache.pending).toBe(true)
  gate.resolve()
  await first
  expect(app.journal).not.toContain('run b')
  await second
  expect(app.journal.filter((line) => line.startsWith('run'))).toEqual(['run a', 'run b'])
  await Promise.resolve()
  expect(app.engine.cache).toMatchObject({ pending: false, queued: [], isFirstUpdate: false })
})

test('when evaluation throws, new instances go, old ones come back, disposed ones run again, dependencies first', async () => {
  const app = await start({
    entry: { imports: ['top'] },
    top: { imports: ['left', 'leaf'] },
    left: { imports: ['leaf'] },
    leaf: {},
  })
  app.hot('top').accept()
  for (const id of ['left', 'leaf']) app.hot(id).dispose(() => app.journal.push(`dispose ${id}`))
  const before = app.instances.get('top')
  app.modules.left = {
    imports: ['leaf', 'extra'],
    run: () => {
      throw new Error('left fails')
    },
  }
  app.modules.extra = { run: () => app.hot('extra').dispose(() => app.journal.push('dispose extra')) }
  expect(await app.save('leaf')).toMatchObject({ outcome: 'failed', error: { message: 'left fails' } })
  expect(app.journal).toEqual([
    'prepare top',
    'dispose left',
    'dispose leaf',
    'detach top left leaf',
    'run leaf',
    'run extra',
    'run left',
    'dispose extra',
    expect.stringMatching(/^detach (top|left)/),
    'attach top left leaf',
    'reevaluate leaf',
    'run leaf',
    'reevaluate left',
    'run left',
    expect.stringContaining('left fails'),
  ])
  expect(app.instances.get('top')).toBe(before)
  expect(app.instances.has('extra')).toBe(false)
  expect([...app.engine.failing]).toEqual(['leaf'])
})

test('what failed is part of every change until one succeeds', async () => {
  const app = await start({ entry: { imports: ['a', 'b'] }, a: {}, b: {} })
  app.hot('a').accept()
  app.hot('b').accept()
  app.broken.set('a', new Error('a is broken'))
  expect(await app.save('a')).toMatchObject({ outcome: 'failed' })
  expect(await app.save('b')).toMatchObject({ outcome: 'failed' })
  app.broken.clear()
  expect(await app.save('b')).toMatchObject({ outcome: 'updated', evaluated: 2 })
  app.hot('b').accept()
  expect(await app.save('b')).toMatchObject({ outcome: 'updated', evaluated: 1 })
})

test('a module that cannot be transformed stays broken through changes of others', async () => {
  const app = await start({ entry: { imports: ['top'] }, top: { imports: ['a', 'b'] }, a: {}, b: {} })
  app.hot('top').accept()
  const failed = [{ id: 'a', url: 'a', error: { name: 'SyntaxError', message: 'no' } }]
  expect(await applyChange(app.runner, { ...changeOf(['a']), failed })).toMatchObject({ outcome: 'failed' })
  expect(await app.save('b')).toMatchObject({ outcome: 'failed', error: { message: 'no' } })
  expect(await app.save('a')).toMatchObject({ outcome: 'updated', evaluated: 3 })
})

test('with a policy of restart nothing is touched, but code that cannot run is no reason to restart', async () => {
  const app = await start({ entry: { imports: ['a'] }, a: {} }, { onUnaccepted: 'restart' })
  expect(await app.save('a')).toMatchObject({ outcome: 'unaccepted', chain: ['a', 'entry'], evaluated: 0 })
  const reload = await applyChange(app.runner, { ...changeOf([]), reload: true })
  expect(reload).toMatchObject({ outcome: 'unaccepted', evaluated: 0 })
  expect(reload.chain).toBeUndefined()
  app.broken.set('a', new Error('broken'))
  expect(await app.save('a')).toMatchObject({ outcome: 'failed', error: { message: 'broken' } })
  expect(app.journal.filter((line) => /^(detach|run|dispose)/.test(line))).toEqual([])
})

test('a reload replaces the application and keeps node_modules', async () => {
  const app = await start({ entry: { imports: ['a', '/node_modules/lib'] }, a: {}, '/node_modules/lib': {} })
  expect(await applyChange(app.runner, { ...changeOf([]), reload: true })).toMatchObject({
    outcome: 'reloaded',
    evaluated: 2,
  })
  expect(app.journal).toEqual(['prepare entry', 'detach entry a', 'run a', 'run entry', '[vite-tether] program reload'])
})

test('an evaluation under way of what is to be replaced is waited for, so that its imports count', async () => {
  const gate = createDeferred<void>()
  const app = await start({ entry: {}, a: {}, late: { imports: ['a'] } })
  app.modules.late!.run = async () => {
    await gate.promise
    app.hot('late').accept()
  }
  void app.runtime.evaluate('late')
  const { settled } = app.runtime
  app.runtime.settled = (ids) => {
    gate.resolve()
    return settled(ids)
  }
  expect(await app.save('a')).toMatchObject({ outcome: 'updated', updates: [{ boundary: 'late', accepted: 'late' }] })
})

test('an evaluation that does not end is waited for only so long', async () => {
  const app = await start({ entry: { imports: ['a', 'b'] }, a: {}, b: {} }, { limits: { evaluate: 5, settle: 5 } })
  app.hot('a').accept()
  app.hot('b').accept()
  app.modules.a = { run: () => new Promise(() => {}) }
  const first = app.save('a')
  const second = app.save('b')
  // it is put off, and tried again after the second
  expect(await first).toMatchObject({ outcome: 'unaffected' })
  expect(await second).toMatchObject({ outcome: 'updated', updates: [{ boundary: 'b' }] })
})

test('an evaluation that was given up and then throws is reported', async () => {
  const gate = createDeferred<void>()
  const app = await start({ entry: { imports: ['a'] }, a: {} }, { limits: { evaluate: 5, settle: 5 } })
  app.hot('a').accept()
  app.modules.a = { run: () => gate.promise.then(() => Promise.reject(new Error('too late'))) }
  const first = app.save('a')
  const second = app.save('elsewhere')
  await Promise.all([first, second])
  gate.resolve()
  await new Promise(setImmediate)
  expect(app.journal.at(-1)).toContain('too late')
})

test('what the code of an entry under way is going to import is not pruned', async () => {
  const app = await start({ entry: { imports: ['a'] }, a: { imports: ['b', 'c'] }, b: {}, c: {}, second: {} }, {}, [
    'entry',
    'second',
  ])
  app.instances.get('second')!.evaluated = false
  app.modules.second = { imports: ['b'] }
  app.modules.a = {}
  app.hot('a').accept()
  await app.save('a')
  expect(app.instances.has('b')).toBe(true)
  expect(app.instances.has('c')).toBe(false)
})

test('an import from outside that failed is tried again when the change may be about it, and only then', async () => {
  const app = await start({ entry: { imports: ['a'] }, a: {} }, {}, ['entry', 'other'])
  app.instances.delete('other')
  app.hot('a').accept()
  expect(await app.save('a')).toMatchObject({ outcome: 'updated' })
  expect(app.journal).not.toContain('prepare other')
  app.modules.other = {}
  expect(await app.save('unknown')).toMatchObject({ outcome: 'reloaded', evaluated: 1 })
  expect(app.journal).toContain('run other')
})

test('an error of the engine’s own is a failed update, and the next change is applied', async () => {
  const app = await start({ entry: { imports: ['a'] }, a: {} })
  const { install } = app.runtime
  app.runtime.install = () => {
    throw new Error('no store')
  }
  expect(await app.save('a')).toMatchObject({ outcome: 'failed', error: { message: 'no store' } })
  app.runtime.install = install
  expect(await app.save('a')).toMatchObject({ outcome: 'reloaded' })
})

test('every handled change is reported, those of invalidate() with the number 0', async () => {
  const reports: [number, string][] = []
  const app = await start(
    { entry: { imports: ['top'] }, top: { imports: ['a'] }, a: {} },
    { report: ({ seq, outcome }) => reports.push([seq, outcome]) },
  )
  app.hot('top').accept()
  const a = app.hot('a')
  a.accept()
  await applyChange(app.runner, { ...changeOf(['a']), seq: 9 })
  await a.invalidate()
  expect(reports).toEqual([
    [9, 'updated'],
    [0, 'updated'],
  ])
})

test.each<[string, EngineOptions['logger'], string]>([
  ['info', undefined, 'info'],
  ['debug when there is no info', undefined, 'debug'],
])('lines of the log go to %s', async (_, __, method) => {
  const lines: string[] = []
  const app = await start({ entry: {} }, { logger: { [method]: (line: string) => lines.push(line), error() {} } })
  await enqueueChange(app.engine, { ...changeOf([]), reload: true })
  expect(lines).toEqual(['[vite-tether] program reload'])
})
