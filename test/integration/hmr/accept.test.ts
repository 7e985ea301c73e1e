import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDeferred } from '../../../src/shared/util/deferred.ts'
import { drivers } from '../../support/hmr-driver.ts'
import { createProject } from '../../support/project.ts'

for (const { name, start } of drivers) {
  test(`a module that accepts itself: events, dispose, callbacks and the log line come in order, ${name}`, async () => {
    const app = await start({
      entry: '/entry.ts',
      files: {
        'entry.ts': `
          export const foo: number = 1
          import.meta.hot.accept((module) => log('first callback: ' + module.foo))
          import.meta.hot.accept((module) => log('second callback: ' + module.foo))
          import.meta.hot.dispose(() => log('disposed: ' + foo))
          import.meta.hot.on('vite:beforeUpdate', ({ type, updates: [{ path }] }) => log('before ' + type + ' ' + path))
          import.meta.hot.on('vite:afterUpdate', ({ type }) => log('after ' + type))`,
      },
    })
    for (const [from, to] of [
      [1, 2],
      [2, 3],
    ]) {
      const lines = await app.logsAfter(() => app.edit('entry.ts', `= ${from}`, `= ${to}`), 'after update')
      expect(lines).toEqual([
        'before update /entry.ts',
        `disposed: ${from}`,
        `first callback: ${to}`,
        `second callback: ${to}`,
        '[vite-tether] hot updated: /entry.ts',
        'after update',
      ])
      expect((await app.import('/entry.ts')).foo).toBe(to)
    }
  })

  test.each(['./entry.ts', './entry', '/entry', '/entry.ts', 'ABSOLUTE'])(
    `the entry is accepted when it is spelled %s, ${name}`,
    async (spelling) => {
      const files = { 'entry.ts': `export const foo = 1; import.meta.hot.accept(({ foo }) => log('now ' + foo))` }
      const app = await start({
        files,
        entry: spelling,
        entryOf: spelling === 'ABSOLUTE' && ((root) => join(root, 'entry.ts')),
      })
      const report = await app.after(() => app.edit('entry.ts', 'foo = 1', 'foo = 2'))
      expect(report).toMatchObject({ outcome: 'updated', evaluated: 1 })
      expect(app.logs).toEqual(['now 2', expect.stringMatching(/^\[vite-tether\] hot updated: \.?\/entry\.ts$/)])
    },
  )

  test(`a module that accepts a dependency gets the new one and is not evaluated again, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `
          import { foo } from './dep'
          log('entry sees ' + foo)
          import.meta.hot.accept('./dep', (dep) => log('single: ' + dep.foo + dep.nested))
          import.meta.hot.accept(['./dep', './other'], ([dep, other]) => log('multi: ' + dep?.foo + ', ' + other))
          import './other'`,
        'dep.js': `export const foo = 1; export { nested } from './nested'; import.meta.hot.dispose(() => log('disposed dep ' + foo))`,
        'nested.js': `export const nested = 'a'; import.meta.hot.dispose(() => log('disposed nested'))`,
        'other.js': `export const other = 1`,
      },
    })
    app.said()
    const own = await app.after(() => app.edit('dep.js', 'foo = 1', 'foo = 2'))
    expect(own).toMatchObject({
      outcome: 'updated',
      evaluated: 1,
      updates: [{ boundary: '/entry.js', accepted: '/dep.js' }],
    })
    expect(app.said()).toEqual([
      'disposed dep 1',
      'single: 2a',
      'multi: 2, undefined',
      '[vite-tether] hot updated: /dep.js via /entry.js',
    ])
    const below = await app.after(() => app.edit('nested.js', `'a'`, `'b'`))
    expect(below).toMatchObject({ outcome: 'updated', evaluated: 2 })
    expect(app.said()).toEqual([
      'disposed dep 2',
      'disposed nested',
      'single: 2b',
      'multi: 2, undefined',
      '[vite-tether] hot updated: /dep.js via /entry.js',
    ])
  })

  test(`several accepted dependencies in one change are one call, at their places in the list, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `
          import './a'; import './b'; import './c'
          import.meta.hot.accept(['./a', './b', './c'], ([a, b, c]) => log(a.a + ' ' + b + ' ' + c.c))`,
        'a.js': `import { shared } from './shared'; export const a = 'a' + shared`,
        'b.js': `export const b = 'b'`,
        'c.js': `import { shared } from './shared'; export const c = 'c' + shared`,
        'shared.js': `export const shared = 1`,
      },
    })
    await app.after(() => app.edit('shared.js', '1', '2'))
    expect(app.logs).toEqual([
      'a2 undefined c2',
      '[vite-tether] hot updated: /a.js via /entry.js',
      '[vite-tether] hot updated: /c.js via /entry.js',
    ])
  })

  test(`only the edited module and its importers up to the boundary are evaluated, in a wide graph, ${name}`, async () => {
    const leaves = Array.from({ length: 40 }, (_, index) => `leaf${index}`)
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './boundary'; import './beside'; log('entry')`,
        'boundary.js': `${leaves.map((leaf) => `import './${leaf}'`).join('\n')}\nlog('boundary'); import.meta.hot.accept()`,
        'beside.js': `import './leaf3'; import './leaf4'; import.meta.hot.accept()`,
        ...Object.fromEntries(leaves.map((leaf) => [`${leaf}.js`, `import './shared'; log('${leaf}')`])),
        'shared.js': `log('shared')`,
      },
    })
    app.said()
    const report = await app.after(() => app.edit('leaf7.js', `log('`, `log('new `))
    expect(report).toMatchObject({ outcome: 'updated', evaluated: 2 })
    expect(app.said()).toEqual(['new leaf7', 'boundary', '[vite-tether] hot updated: /boundary.js'])
    const two = await app.after(() => app.edit('leaf3.js', `log('`, `log('new `))
    expect(two).toMatchObject({ outcome: 'updated', evaluated: 3 })
  })

  test(`nobody accepts: the program is reloaded, and modules of a runner that does not hold the file are left alone, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './dep'; log('entry'); import.meta.hot.on('vite:beforeFullReload', ({ type }) => log('before ' + type))`,
        'dep.js': `log('dep 1'); import.meta.hot.dispose(() => log('disposed'))`,
        'elsewhere.js': `import './elsewhere-dep'`,
        'elsewhere-dep.js': `export const x = 1`,
      },
    })
    await app.server.environments.ssr.transformRequest('/elsewhere.js')
    await app.server.environments.ssr.transformRequest('/elsewhere-dep.js')
    app.said()
    const report = await app.after(() => {
      app.edit('elsewhere-dep.js', '1', '2')
      app.edit('elsewhere.js', 'import', '  import')
      app.edit('dep.js', 'dep 1', 'dep 2')
    })
    await app.until(() => app.reports.some(({ outcome }) => outcome === 'reloaded'))
    expect(app.reports.filter(({ outcome }) => outcome !== 'unaffected')).toHaveLength(1)
    expect(report.error).toBeUndefined()
    expect(app.said()).toEqual(['before full-reload', 'disposed', 'dep 2', 'entry', '[vite-tether] program reload'])
  })

  test(`a policy of restart leaves everything untouched and names the chain, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      onUnaccepted: 'restart',
      files: {
        'entry.js': `import './middle'`,
        'middle.js': `import './dep'; import.meta.hot.dispose(() => log('disposed'))`,
        'dep.js': `export const x = 1`,
      },
    })
    const report = await app.after(() => app.edit('dep.js', '1', '2'))
    expect(report).toMatchObject({ outcome: 'unaccepted', evaluated: 0, chain: ['/dep.js', '/middle.js', '/entry.js'] })
    expect(app.logs).toEqual([])
    const broken = await app.after(() => app.write('dep.js', `export const x = `))
    expect(broken).toMatchObject({ outcome: 'failed' })
  })

  test(`accept() that was removed takes effect with the save after, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: { 'entry.js': `import './dep'`, 'dep.js': `log('dep 1'); import.meta.hot.accept()` },
    })
    expect(await app.after(() => app.write('dep.js', `log('dep 2')`))).toMatchObject({ outcome: 'updated' })
    expect(await app.after(() => app.write('dep.js', `log('dep 3')`))).toMatchObject({ outcome: 'reloaded' })
    expect(await app.after(() => app.write('dep.js', `log('dep 4'); import.meta.hot.accept()`))).toMatchObject({
      outcome: 'reloaded',
    })
    expect(await app.after(() => app.write('dep.js', `log('dep 5')`))).toMatchObject({ outcome: 'updated' })
  })

  test(`import.meta.hot?.accept and calls behind a condition count, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { foo } from './child'; import.meta.hot?.accept('./child', ({ foo }) => log('child ' + foo))`,
        'child.js': `export const foo = 1`,
      },
    })
    await app.after(() => app.edit('child.js', '1', '2'))
    expect(app.logs[0]).toBe('child 2')
  })

  test(`the callback of a module that accepts itself is the old one, with its own variables, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `export const n = 1; import.meta.hot.accept((module) => log('from ' + n + ' to ' + module.n))`,
      },
    })
    await app.after(() => app.edit('entry.js', 'n = 1', 'n = 2'))
    await app.after(() => app.edit('entry.js', 'n = 2', 'n = 3'))
    expect(app.logs.filter((line) => line.startsWith('from'))).toEqual(['from 1 to 2', 'from 2 to 3'])
  })

  test(`a file outside the root is updated like any other, ${name}`, async () => {
    const outside = createProject({ 'lib.js': `export const lib = 1` })
    const app = await start({
      entry: '/entry.js',
      config: { server: { fs: { strict: false } } },
      files: {
        'entry.js': `import { lib } from '${outside.path('lib.js')}'; log('lib ' + lib); import.meta.hot.accept()`,
      },
    })
    const report = await app.after(() => outside.edit('lib.js', '1', '2'))
    expect(report).toMatchObject({ outcome: 'updated', evaluated: 2 })
    expect(app.logs).toContain('lib 2')
  })

  test(`imports with queries are modules of their own, and an edit of their file updates each, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'queries',
          transform(code, id) {
            const query = /\?(query\d)/.exec(id)
            return query ? `export default ${JSON.stringify(`${code.trim()} ${query[1]}`)}` : undefined
          },
        },
      ],
      files: {
        'entry.js': `
          import one from './file?query1'
          import two from './file?query2'
          log(one + ', ' + two)
          import.meta.hot.accept()`,
        'file.js': `text`,
      },
    })
    await app.after(() => app.edit('file.js', 'text', 'new'))
    expect(app.logs).toEqual([
      'text query1, text query2',
      'new query1, new query2',
      '[vite-tether] hot updated: /entry.js',
    ])
  })

  test(`virtual modules are updated through their own imports and when a plugin asks for it, ${name}`, async () => {
    let count = 0
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'virtual',
          resolveId: (id) => (id === 'virtual:file' ? '\0virtual:file' : undefined),
          load: (id) =>
            id === '\0virtual:file'
              ? `import { text } from '/text.js'; export const virtual = text + ${count}`
              : undefined,
          configureServer({ environments: { ssr } }) {
            ssr.hot.on('virtual:increment', () => {
              count++
              void ssr.reloadModule(ssr.moduleGraph.getModuleById('\0virtual:file')!)
            })
          },
        },
      ],
      files: {
        'entry.js': `
          import { virtual } from 'virtual:file'
          log(virtual)
          import.meta.hot.accept()
          export const increment = () => import.meta.hot.send('virtual:increment')`,
        'text.js': `export const text = 'a'`,
      },
    })
    await app.after(() => app.edit('text.js', `'a'`, `'b'`))
    const { increment } = await app.import('/entry.js')
    const report = await app.after(increment)
    expect(report).toMatchObject({ outcome: 'updated', evaluated: 2 })
    expect(app.logs.filter((line) => line.length === 2)).toEqual(['a0', 'b0', 'b1'])
  })

  test(`assets can be accepted, ${name}`, async () => {
    const svg = (height: number) => `<svg xmlns="http://www.w3.org/2000/svg" height="${height}px"></svg>`
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `
          import inlined from './inlined.svg'
          import linked from './linked.svg?no-inline'
          log(inlined)
          import.meta.hot.accept('./inlined.svg', (url) => log(url.default))
          import.meta.hot.accept('./linked.svg?no-inline', (url) => log('linked: ' + url.default))`,
        'inlined.svg': svg(30),
        'linked.svg': svg(30),
      },
    })
    await app.after(() => app.write('inlined.svg', svg(40)))
    await app.after(() => app.write('linked.svg', svg(40)))
    const [before, after] = app.logs
    expect(before).toMatch(/^data:image\/svg\+xml/)
    expect(after).toMatch(/^data:image\/svg\+xml/)
    expect(after).not.toBe(before)
    expect(app.logs).toContainEqual(expect.stringMatching(/^linked: \/linked\.svg/))
  })

  test(`an importer that did not change is evaluated again without a transform, ${name}`, async () => {
    const transformed: string[] = []
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'count',
          transform(_, id) {
            transformed.push(id.slice(id.lastIndexOf('/')))
          },
        },
      ],
      files: {
        'entry.js': `import { text } from './middle'; log(text); import.meta.hot.accept()`,
        'middle.js': `import { child } from './child'; export const text = 'child is ' + child`,
        'child.js': `export const child = 'bar'`,
      },
    })
    transformed.length = 0
    await app.after(() => app.edit('child.js', 'bar', 'updated'))
    expect(app.logs).toContain('child is updated')
    expect(transformed).toEqual(['/child.js'])
  })

  test(`a file that a plugin reads for a module updates that module, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'text',
          transform(code, id) {
            if (!id.endsWith('text.js')) return undefined
            const file = id.replace('text.js', 'text.txt')
            this.addWatchFile(file)
            return code.replace('TEXT', JSON.stringify(readFileSync(file, 'utf8')))
          },
        },
      ],
      files: {
        'entry.js': `import { text } from './text'; log(text); import.meta.hot.accept()`,
        'text.js': `export const text = TEXT`,
        'text.txt': 'one',
      },
    })
    await app.logsAfter(() => app.write('text.txt', 'two'), 'two')
    await app.logsAfter(() => app.write('text.txt', 'three'), 'three')
  })

  test(`a new file that a glob takes in is loaded, and one that is removed is dropped, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { names } from './routes'; log('routes ' + names)`,
        'routes.js': `
          const found = import.meta.glob('./routes/*.js', { eager: true })
          export const names = Object.values(found).map(({ name }) => name).join()
          import.meta.hot.accept((module) => log('now ' + module.names))`,
        'routes/a.js': `export const name = 'a'`,
      },
    })
    await app.logsAfter(() => app.write('routes/b.js', `export const name = 'b'`), 'now a,b')
    await app.logsAfter(() => app.edit('routes/b.js', `'b'`, `'B'`), 'now a,B')
    await app.logsAfter(() => app.remove('routes/a.js'), 'now B')
  })

  const FILES = {
    'entry.js': `import './dep'`,
    'dep.js': `import { text } from './text'; log(text()); import.meta.hot.accept()`,
    'text.js': `export const text = () => 'one'`,
  }

  test(`saves that are hard to read: an editor that writes a second file and renames it, ${name}`, async () => {
    const app = await start({ entry: '/entry.js', files: FILES })
    for (const text of ['two', 'three']) {
      await app.logsAfter(() => {
        app.write('text.js~', `export const text = () => '${text}'`)
        app.rename('text.js~', 'text.js')
      }, text)
    }
    expect(app.reports.map(({ outcome }) => outcome)).not.toContain('failed')
  })

  test(`saves that are hard to read: an editor that truncates the file first, ${name}`, async () => {
    const emptied = createDeferred<void>()
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'sees-what-vite-read',
          enforce: 'pre',
          transform: {
            order: 'pre',
            handler(code, id) {
              if (code === '' && id.endsWith('text.js')) emptied.resolve()
            },
          },
        },
      ],
      files: FILES,
    })
    app.write('text.js', '')
    await emptied.promise
    await app.logsAfter(() => app.write('text.js', `export const text = () => 'two'`), 'two')
    expect(app.reports.map(({ outcome }) => outcome)).not.toContain('failed')
  })

  test(`saves that are hard to read: a save while the one before is still being transformed, ${name}`, async () => {
    const transforming = createDeferred<void>()
    const gate = createDeferred<void>()
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'slow',
          async transform(code) {
            if (!code.includes('slow')) return
            transforming.resolve()
            await gate.promise
          },
        },
      ],
      files: FILES,
    })
    app.write('text.js', `export const text = () => 'slow'`)
    await transforming.promise
    const changed = new Promise((resolve) => app.server.watcher.once('change', resolve))
    app.write('text.js', `export const text = () => 'fast'`)
    await changed
    await app.logsAfter(() => gate.resolve(), 'fast')
    await app.until(() => app.reports.length > 0 && app.reports.at(-1)!.outcome === 'updated')
    expect((await app.import('/text.js')).text()).toBe('fast')
  })

  test(`circular imports: a module in a cycle that accepts itself is updated, ${name}`, async () => {
    const app = await start({
      entry: '/a.js',
      files: {
        'a.js': `export { b } from './b'; export const a = 'a'`,
        'b.js': `export { c } from './c'; export const b = 'b'`,
        'c.js': `import * as a from './a'; export const c = 'c'; import.meta.hot.accept((module) => log(module.c + ' of ' + a.a))`,
      },
    })
    expect(await app.after(() => app.edit('c.js', `'c'`, `'cc'`))).toMatchObject({ outcome: 'updated', evaluated: 1 })
    expect(app.logs[0]).toBe('cc of a')
  })

  test(`circular imports: a cycle that a module outside accepts is evaluated again, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { text } from './a'; import.meta.hot.accept('./a', (a) => log(a.text()))`,
        'a.js': `import { b } from './b'; export const name = 'a'; export const text = () => name + b()`,
        'b.js': `import { c } from './c'; export const b = () => ' b' + c()`,
        'c.js': `import { name } from './a'; export const c = () => ' c' + name`,
      },
    })
    expect(await app.after(() => app.edit('b.js', `' b'`, `' B'`))).toMatchObject({
      outcome: 'updated',
      evaluated: 3,
    })
    expect(app.logs[0]).toBe('a B ca')
  })

  test(`circular imports: a cycle that contains the entry and accepts nothing is reloaded, not ignored, ${name}`, async () => {
    const app = await start({
      entry: '/a.js',
      files: { 'a.js': `import './b'; log('a')`, 'b.js': `import './a'; log('b 1')` },
    })
    expect(await app.after(() => app.edit('b.js', 'b 1', 'b 2'))).toMatchObject({ outcome: 'reloaded' })
    expect(app.logs).toContain('b 2')
  })

  test(`bursts: quick saves of one file end with the last content live, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: { 'entry.js': `export const n = 0; import.meta.hot.accept(({ n }) => log('n ' + n))` },
    })
    for (let n = 1; n <= 100; n++) {
      app.write('entry.js', `export const n = ${n}; import.meta.hot.accept(({ n }) => log('n ' + n))`)
      await new Promise(setImmediate)
    }
    await expect.poll(async () => (await app.import('/entry.js')).n, { timeout: 8000 }).toBe(100)
    const seen = app.logs.filter((line) => line.startsWith('n ')).map((line) => Number(line.slice(2)))
    expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  })

  test(`bursts: saves of several files are applied one after the other, in order, ${name}`, async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': names.map((name) => `import './${name}'`).join('\n'),
        ...Object.fromEntries(
          names.map((name) => [
            `${name}.js`,
            `await null; export const n = 1; import.meta.hot.accept(() => {}); import.meta.hot.dispose(async () => { log('${name} off'); await null; log('${name} gone') })`,
          ]),
        ),
      },
    })
    for (const name of names) app.edit(`${name}.js`, 'n = 1', 'n = 2')
    await app.until(() => names.every((name) => app.logs.includes(`[vite-tether] hot updated: /${name}.js`)))
    // saves may have come together as one change; no dispose starts before the last one has ended
    const steps = app.logs.filter((line) => /^\w (off|gone)$/.test(line))
    const starts = steps.flatMap((line) => /^(\w) off$/.exec(line)?.[1] ?? [])
    expect(starts.toSorted()).toEqual(names)
    expect(steps).toEqual(starts.flatMap((name) => [`${name} off`, `${name} gone`]))
  })
}
