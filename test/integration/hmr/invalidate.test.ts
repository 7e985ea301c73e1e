import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

const EVENTS = `
  import.meta.hot.on('vite:beforeUpdate', ({ updates }) => log('before ' + updates.map(({ path }) => path)))
  import.meta.hot.on('vite:afterUpdate', ({ updates }) => log('after ' + updates.map(({ path }) => path)))
  import.meta.hot.on('vite:invalidate', ({ path, message, firstInvalidatedBy }) => log('invalidate ' + path + ' ' + message + ' first ' + firstInvalidatedBy))`

for (const { name, start } of drivers) {
  test(`invalidate(): the importers handle the update, after the one that caused it has ended, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'${EVENTS}`,
        'parent.js': `import { child } from './child'; log('parent executes with ' + child); import.meta.hot.accept()`,
        'child.js': `export const child = 'child'; import.meta.hot.accept(() => import.meta.hot.invalidate('why not'))`,
      },
    })
    app.said()
    await app.logsAfter(() => app.edit('child.js', `'child'`, `'new'`), 'after /parent.js')
    expect(app.said()).toEqual([
      'before /child.js',
      'invalidate /child.js why not first /child.js',
      '[vite-tether] invalidate /child.js: why not',
      '[vite-tether] hot updated: /child.js',
      'after /child.js',
      'before /parent.js',
      'parent executes with new',
      '[vite-tether] hot updated: /parent.js',
      'after /parent.js',
    ])
    await app.reported(2)
    expect(app.reports.map(({ outcome, evaluated }) => [outcome, evaluated])).toEqual([
      ['updated', 1],
      ['updated', 1],
    ])
  })

  test(`invalidate(): without a message the line ends with the URL, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './child'; import.meta.hot.accept()`,
        'child.js': `export const n = 1; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
      },
    })
    await app.logsAfter(() => app.edit('child.js', '1', '2'), '[vite-tether] hot updated: /entry.js')
    expect(app.logs).toContain('[vite-tether] invalidate /child.js')
  })

  test(`invalidate(): it may be called while the module is evaluated, even awaited there, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { n } from './child'; log('entry ' + n); import.meta.hot.accept()`,
        'child.js': `export const n = 1; import.meta.hot.accept(); if (n > 1) log('waited ' + (await import.meta.hot.invalidate()).length)`,
      },
    })
    await app.logsAfter(() => app.edit('child.js', 'n = 1', 'n = 2'), '[vite-tether] hot updated: /entry.js')
    expect(app.logs).toContain('waited 0')
    expect(app.logs).toContain('entry 2')
  })

  test(`invalidate(): its promise resolves with the modules that were executed as a result, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'; import './child'`,
        'parent.js': `import './child'; export const name = 'parent'; import.meta.hot.accept()`,
        'other.js': `import './child'; export const name = 'other'; import.meta.hot.accept()`,
        'child.js': `export const invalidate = () => import.meta.hot.invalidate(); import.meta.hot.accept()`,
      },
    })
    await app.import('/other.js')
    const { invalidate } = await app.import('/child.js')
    // the entry imports it too and accepts nothing: everything is executed again
    const reloaded = await invalidate()
    expect(reloaded.map(({ name }: { name?: string }) => name)).toContain(undefined)
    expect(app.reports.at(-1)).toMatchObject({ outcome: 'reloaded' })
    app.edit('entry.js', `import './child'`, '')
    await app.until(() => app.reports.length === 2)
    const again = (await app.import('/child.js')).invalidate
    const updated = await again()
    expect(updated.map(({ name }: { name?: string }) => name).toSorted()).toEqual(['other', 'parent'])
  })

  test(`invalidate(): a root that invalidates itself is not accepted by anybody, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `export const n = 1; log('entry ' + n); import.meta.hot.accept(({ n }) => n > 1 && import.meta.hot.invalidate())`,
      },
    })
    await app.after(() => app.edit('entry.js', 'n = 1', 'n = 2'))
    await app.reported(2)
    expect(app.reports.map(({ outcome }) => outcome)).toEqual(['updated', 'reloaded'])
    expect(app.logs.filter((line) => line === 'entry 2')).toHaveLength(2)
  })

  test(`invalidate(): with a policy of restart the chain starts at the module that invalidated, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      onUnaccepted: 'restart',
      files: {
        'entry.js': `import './middle'`,
        'middle.js': `import './child'`,
        'child.js': `export const n = 1; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
      },
    })
    await app.after(() => app.edit('child.js', '1', '2'))
    await app.reported(2)
    expect(app.reports[1]).toMatchObject({ outcome: 'unaccepted', chain: ['/child.js', '/middle.js', '/entry.js'] })
  })

  test(`invalidate(): in circular imports, two modules that invalidate each other end unaccepted, not in a loop, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { text } from './parent'; log(text()); import.meta.hot.accept()`,
        'parent.js': `import { child } from './child'; export const text = () => 'parent ' + child(); import.meta.hot.accept(() => import.meta.hot.invalidate())`,
        'child.js': `import { text } from './parent'; export const child = () => 'child'; export { text }; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
      },
    })
    await app.logsAfter(() => app.edit('child.js', `'child'`, `'new'`), 'parent new')
    await app.reported(3)
    expect(app.reports.map(({ outcome }) => outcome)).toEqual(['updated', 'updated', 'reloaded'])
  })

  test(`invalidate(): in circular imports, a parent in the cycle that handles it ends the update, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'`,
        'parent.js': `import { child } from './child'; export const text = () => child(); import.meta.hot.accept((parent) => log('handled ' + parent.text()))`,
        'child.js': `import { text } from './parent'; export const child = () => 'child'; export { text }; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
      },
    })
    await app.logsAfter(() => app.edit('child.js', `'child'`, `'new'`), '[vite-tether] hot updated: /parent.js')
    expect(app.logs).toContain('handled new')
    expect(app.reports.map(({ outcome }) => outcome)).not.toContain('reloaded')
  })

  test(`invalidate(): in circular imports, a cycle beside the first module does not turn for ever, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './a'; import.meta.hot.accept()`,
        'a.js': `import './b'; import './first'; export const a = 1; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
        'b.js': `import './a'; export const b = 1; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
        'first.js': `export const n = 1; import.meta.hot.accept(() => import.meta.hot.invalidate())`,
      },
    })
    await app.after(() => app.edit('first.js', 'n = 1', 'n = 2'))
    await app.until(() => app.reports.at(-1)?.outcome === 'reloaded')
    expect(app.reports.length).toBeLessThanOrEqual(4)
  })

  test(`invalidate(): the server hears of it and does not answer with a second update, ${name}`, async () => {
    const heard: unknown[] = []
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'listen',
          configureServer: ({ environments: { ssr } }) => ssr.hot.on('vite:invalidate', (data) => heard.push(data)),
        },
      ],
      files: {
        'entry.js': `import './child'; import './sentinel'; log('entry'); import.meta.hot.accept()`,
        'child.js': `export const n = 1; import.meta.hot.accept(() => import.meta.hot.invalidate('told'))`,
        'sentinel.js': `export const n = 1; import.meta.hot.accept()`,
      },
    })
    await app.after(() => app.edit('child.js', '1', '2'))
    await app.reported(2)
    await app.after(() => app.edit('sentinel.js', '1', '2'))
    expect(heard).toEqual([{ path: '/child.js', message: 'told', firstInvalidatedBy: '/child.js' }])
    expect(app.reports).toHaveLength(3)
    expect(app.logs.filter((line) => line === 'entry')).toHaveLength(2)
  })
}
