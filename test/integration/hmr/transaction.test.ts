import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

for (const { name, start, hasEntries } of drivers) {
  /** entry -> boundary (accepts itself) -> feature -> state; dep is used by feature. All say when they run and go. */
  const FILES = {
    'entry.js': `import './boundary'; log('entry')`,
    'boundary.js': `
      import { describeIt } from './feature'
      import { state } from './state'
      export const text = () => describeIt()
      export { state }
      log('boundary')
      import.meta.hot.accept((module) => log('accepted: ' + module.text()))`,
    'feature.js': `
      import { dep } from './dep'
      import { state } from './state'
      export const describeIt = () => dep + ' ' + state.count
      log('feature')
      import.meta.hot.dispose(() => log('feature disposed'))`,
    'dep.js': `export const dep = 'dep 1'`,
    'state.js': `export const state = { count: 0 }; log('state')`,
  }

  async function begin() {
    const app = await start({ entry: '/entry.js', files: FILES })
    const { state } = await app.import('/state.js')
    state.count = 7
    app.said()
    return app
  }

  test.each([
    ['a syntax error', 'dep.js', `export const dep = ;`, /dep\.js/],
    ['an import that does not exist', 'dep.js', `import './nowhere'; export const dep = 'x'`, /nowhere/],
    [
      'a named import that does not exist',
      'feature.js',
      `import { gone } from './dep'; export const describeIt = () => gone`,
      /gone/,
    ],
    ['an export that others import', 'dep.js', `export const renamed = 'dep 2'`, /named 'dep'|export named 'dep'/],
  ])(`code that cannot be evaluated leaves the app untouched: %s, ${name}`, async (_, file, code, message) => {
    const app = await begin()
    const before = await app.import('/boundary.js')
    const failed = await app.after(() => app.write(file, code))
    expect(failed).toMatchObject({ outcome: 'failed', evaluated: 0 })
    expect(failed.error?.message).toMatch(message)
    const said = app.said()
    expect(said).toEqual([expect.stringMatching(message)])
    expect(await app.import('/boundary.js')).toBe(before)
    expect(before.text()).toBe('dep 1 7')

    const good =
      file === 'dep.js' ? `export const dep = 'dep 2'` : FILES['feature.js'].replace('dep +', `'new ' + dep +`)
    expect(await app.after(() => app.write(file, good))).toMatchObject({ outcome: 'updated' })
    expect(app.said()).toContain(file === 'dep.js' ? 'accepted: dep 2 7' : 'accepted: new dep 1 7')
    expect(app.logs).toContain('feature disposed')
  })

  test(`a syntax error is shown with its code frame, once, ${name}`, async () => {
    const app = await begin()
    await app.after(() => app.write('dep.js', `export const one = 1\nexport const dep = ;`))
    const [error, ...more] = app.said()
    expect(more).toEqual([])
    expect(error).toMatch(/^\[vite-tether\] update failed/)
    expect(error).toMatch(/dep\.js/)
    expect(error).toMatch(/export const dep = ;/)
  })

  test(`code that cannot be evaluated: listeners of vite:error hear of it, and an update that began is told to have ended, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `
            import './dep'
            for (const event of ['vite:beforeUpdate', 'vite:error', 'vite:afterUpdate'])
              import.meta.hot.on(event, ({ type, err }) => log(event + ' ' + type + ' ' + (err?.message.split('\\n')[0] ?? '')))`,
        'dep.js': `export const n = 1; import.meta.hot.accept()`,
      },
    })
    await app.after(() => app.write('dep.js', `export const n = `))
    expect(app.logs.filter((line) => line.startsWith('vite:'))).toEqual([
      'vite:beforeUpdate update ',
      expect.stringMatching(/^vite:error error \S/),
      'vite:afterUpdate update ',
    ])
  })

  test(`code that throws is taken back: state stays, what was disposed runs again from its previous code, and the next good save applies, ${name}`, async () => {
    const app = await begin()
    const before = await app.import('/boundary.js')
    const failed = await app.after(() =>
      app.write(
        'dep.js',
        `export const dep = 'dep 2'; import.meta.hot.dispose(() => log('partial disposed')); log('dep evaluated')`,
      ),
    )
    expect(failed).toMatchObject({ outcome: 'updated' })
    app.said()
    const thrown = await app.after(() =>
      app.write(
        'feature.js',
        `import './dep'; export const describeIt = () => ''; log('feature 2'); throw new Error('on purpose')`,
      ),
    )
    expect(thrown).toMatchObject({ outcome: 'failed', error: { message: 'on purpose' } })
    expect(app.said()).toEqual(['feature disposed', 'feature 2', 'feature', expect.stringContaining('on purpose')])
    const now = await app.import('/boundary.js')
    expect(now.text()).toBe('dep 2 7')
    expect(before.text()).toBe('dep 1 7')

    expect(
      await app.after(() => app.write('feature.js', FILES['feature.js'].replace(`' ' +`, `' again ' +`))),
    ).toMatchObject({
      outcome: 'updated',
    })
    expect(app.said()).toEqual([
      'feature disposed',
      'feature',
      'boundary',
      'accepted: dep 2 again 7',
      '[vite-tether] hot updated: /boundary.js',
    ])
  })

  test(`code that throws is taken back: instances that were evaluated before the throw are disposed, and importers see the revived bindings, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './boundary'`,
        'boundary.js': `
            import { timer } from './timer'
            import './shared'
            export const running = () => timer.name
            import.meta.hot.accept()`,
        'timer.js': `
            import './shared'
            globalThis.timers ??= []
            export const timer = { name: 'timer ' + timers.length }
            timers.push(timer.name)
            import.meta.hot.dispose(() => timers.splice(timers.indexOf(timer.name), 1))`,
        'shared.js': `export const n = 1`,
      },
    })
    const timers = (globalThis as unknown as { timers: string[] }).timers
    expect(timers).toEqual(['timer 0'])
    const boundary = await app.import('/boundary.js')
    app.edit('boundary.js', `import './shared'`, `import './shared'\n if (globalThis.failing) throw new Error('late')`)
    await app.reported(1)
    Object.assign(globalThis, { failing: true })
    expect(await app.after(() => app.edit('shared.js', '1', '2'))).toMatchObject({ outcome: 'failed' })
    Object.assign(globalThis, { failing: false })
    expect(timers).toHaveLength(1)
    expect((await app.import('/boundary.js')).running()).toBe(timers[0])
    expect(boundary.running()).toBe(timers[0])
    expect(await app.after(() => app.edit('shared.js', '2', '3'))).toMatchObject({ outcome: 'updated' })
    expect(timers).toHaveLength(1)
    timers.length = 0
  })

  test(`code that throws is taken back: modules that only the failed code imports are dropped and evaluated with the next attempt, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './dep'`,
        'dep.js': `export const n = 1; import.meta.hot.accept()`,
        'extra.js': `log('extra'); import.meta.hot.dispose(() => log('extra disposed'))`,
      },
    })
    await app.after(() => app.write('dep.js', `import './extra'; import.meta.hot.accept(); throw new Error('no')`))
    await app.after(() => app.write('dep.js', `import './extra'; import.meta.hot.accept()`))
    expect(app.logs.filter((line) => line.startsWith('extra'))).toEqual(['extra', 'extra disposed', 'extra'])
  })

  test(`code that throws is taken back: a reload that throws leaves the app as it was, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { state } from './state'; import './dep'; export { state }; log('entry')`,
        'state.js': `export const state = { id: globalThis.nextId = (globalThis.nextId ?? 0) + 1 }`,
        'dep.js': `export const n = 1`,
      },
    })
    const { state } = await app.import('/entry.js')
    expect(await app.after(() => app.write('dep.js', `throw new Error('dep throws')`))).toMatchObject({
      outcome: 'failed',
    })
    expect((await app.import('/entry.js')).state).toBe(state)
    expect(await app.after(() => app.write('dep.js', `export const n = 2`))).toMatchObject({ outcome: 'reloaded' })
    expect((await app.import('/entry.js')).state).not.toBe(state)
  })

  test(`callbacks run last: one that throws, or whose promise rejects, is reported and the others still run, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `
            import './dep'
            import.meta.hot.accept('./dep', () => { throw new Error('first') })
            import.meta.hot.accept('./dep', async () => { throw new Error('second') })
            import.meta.hot.accept('./dep', (dep) => log('third ' + dep.n))`,
        'dep.js': `export const n = 1`,
      },
    })
    const report = await app.after(() => app.edit('dep.js', '1', '2'))
    expect(report).toMatchObject({ outcome: 'updated', evaluated: 1 })
    const lines = app.said()
    expect(lines).toHaveLength(4)
    expect(lines).toContain('third 2')
    expect(lines).toContainEqual(
      expect.stringMatching(/accept callback for \/dep\.js via \/entry\.js failed: Error: first/),
    )
    expect(lines).toContainEqual(expect.stringMatching(/Error: second/))
    expect((await app.import('/dep.js')).n).toBe(2)
  })

  test(`a rename saved in two files heals with the second save, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './boundary'`,
        'boundary.js': `import { before } from './lib'; log('sum ' + before(1)); import.meta.hot.accept()`,
        'lib.js': `export const before = (n) => n + 1`,
      },
    })
    expect(await app.after(() => app.edit('lib.js', 'before', 'after'))).toMatchObject({ outcome: 'failed' })
    expect(
      await app.after(() => app.write('boundary.js', app.read('boundary.js').replaceAll('before', 'after'))),
    ).toMatchObject({
      outcome: 'updated',
      evaluated: 2,
    })
    expect(app.logs.filter((line) => line.startsWith('sum'))).toEqual(['sum 2', 'sum 2'])
    // and the other way round
    expect(
      await app.after(() => app.write('boundary.js', app.read('boundary.js').replaceAll('after', 'later'))),
    ).toMatchObject({
      outcome: 'failed',
    })
    expect(await app.after(() => app.edit('lib.js', 'after', 'later'))).toMatchObject({
      outcome: 'updated',
      evaluated: 2,
    })
  })

  test(`while a module is broken, saves of others wait for it and then apply together, ${name}`, async () => {
    const app = await begin()
    await app.after(() => app.write('dep.js', `export const dep = `))
    expect(await app.after(() => app.edit('feature.js', `' ' +`, `' and ' +`))).toMatchObject({ outcome: 'failed' })
    expect(await app.after(() => app.write('dep.js', `export const dep = 'dep 3'`))).toMatchObject({
      outcome: 'updated',
      evaluated: 3,
    })
    expect(app.logs).toContain('accepted: dep 3 and 7')
  })

  test(`an entry that failed to start is tried again with the next save, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: { 'entry.js': `import { n } from './dep'; log('started ' + n)`, 'dep.js': `export const n = ` },
    })
    expect(app.startError).toBeDefined()
    expect(await app.after(() => app.write('dep.js', 'export const n = 1'))).toMatchObject({
      outcome: hasEntries ? 'reloaded' : 'unaffected',
    })
    if (!hasEntries) await app.import('/entry.js')
    expect(app.logs).toContain('started 1')
  })

  test(`an entry that threw at the start is tried again, and what it had begun is disposed, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { port } from './config'; import.meta.hot.dispose(() => log('disposed')); if (!port) throw new Error('no port'); log('port ' + port)`,
        'config.js': `export const port = 0`,
      },
    })
    expect(app.startError).toMatchObject({ message: 'no port' })
    expect(await app.after(() => app.edit('config.js', 'port = 0', 'port = 1'))).toMatchObject({ outcome: 'updated' })
    expect(app.logs.filter((line) => !line.startsWith('['))).toEqual(['disposed', 'port 1'])
  })

  test(`dispose runs once for every instance that is replaced, dependents first, and is awaited, ${name}`, async () => {
    const say = (name: string) =>
      `import.meta.hot.dispose(async () => { log('${name} starts'); await new Promise(setImmediate); log('${name} ends') })`
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './top'; import './beside'; ${say('entry')}`,
        'beside.js': say('beside'),
        'top.js': `import './left'; import './right'; import.meta.hot.accept(); ${say('top')}`,
        'left.js': `import './bottom'; ${say('left')}`,
        'right.js': `import './bottom'; ${say('right')}`,
        'bottom.js': `export const n = 1; log('bottom evaluated'); ${say('bottom')}`,
      },
    })
    app.said()
    await app.after(() => app.edit('bottom.js', 'n = 1', 'n = 2'))
    const said = app.said()
    const order = said.flatMap((line) => /^(\w+) starts/.exec(line)?.[1] ?? [])
    expect(order).toHaveLength(4)
    expect(order[0]).toBe('top')
    expect(order[3]).toBe('bottom')
    expect(said).toEqual([
      ...order.flatMap((name) => [`${name} starts`, `${name} ends`]),
      'bottom evaluated',
      '[vite-tether] hot updated: /top.js',
    ])
  })

  test(`dispose runs for everything that a reload replaces, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './a'; import.meta.hot.dispose(() => log('entry'))`,
        'a.js': `import './b'; import.meta.hot.dispose(() => log('a'))`,
        'b.js': `import './c'; import.meta.hot.dispose(() => log('b'))`,
        'c.js': `export const n = 1`,
      },
    })
    await app.after(() => app.edit('c.js', '1', '2'))
    expect(app.logs).toEqual(['entry', 'a', 'b', '[vite-tether] program reload'])
  })

  test(`dispose: one that throws is reported, one that never ends is given up, and the update goes on, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      limits: { callback: 20 },
      files: {
        'entry.js': `import './a'; import.meta.hot.accept(); import.meta.hot.dispose(() => { throw new Error('dispose fails') })`,
        'a.js': `export const n = 1; import.meta.hot.dispose(() => new Promise(() => {}))`,
      },
    })
    expect(await app.after(() => app.edit('a.js', '1', '2'))).toMatchObject({ outcome: 'updated' })
    expect(app.logs).toEqual([
      expect.stringMatching(/dispose of \/entry\.js failed: Error: dispose fails/),
      '[vite-tether] dispose of /a.js did not end within 20 ms; going on without it',
      '[vite-tether] hot updated: /entry.js',
    ])
  })

  test(`hot.data is handed over, also through a failed update, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `
            import './dep'
            export const runs = (import.meta.hot.data.runs ?? 0) + 1
            import.meta.hot.dispose((data) => { data.runs = runs })
            import.meta.hot.accept((module) => log('runs ' + module.runs))`,
        'dep.js': `export const n = 1`,
      },
    })
    await app.after(() => app.edit('dep.js', 'n = 1', 'n = 2'))
    await app.after(() => app.edit('dep.js', 'n = 2', `n = (() => { throw new Error('no') })()`))
    await app.after(() => app.write('dep.js', 'export const n = 3'))
    expect(app.logs.filter((line) => line.startsWith('runs'))).toEqual(['runs 2', 'runs 4'])
  })

  test(`a module whose top-level await never ends does not hold up the updates after it, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      limits: { settle: 20, evaluate: 20 },
      files: {
        'entry.js': `import './dep'; import './other'`,
        'dep.js': `export const n = 1; import.meta.hot.accept()`,
        'other.js': `export const n = 1; import.meta.hot.accept(({ n }) => log('other ' + n))`,
      },
    })
    await app.logsAfter(
      () => app.write('dep.js', `log('waiting'); import.meta.hot.accept(); await new Promise(() => {})`),
      'waiting',
    )
    await app.logsAfter(() => app.edit('other.js', '1', '2'), 'other 2')
    await app.reported(2)
    await app.after(() => app.write('dep.js', `log('ended'); import.meta.hot.accept()`))
    expect(app.logs).toContain('ended')
  })
}
