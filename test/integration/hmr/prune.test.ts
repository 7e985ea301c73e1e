import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

const LIFE = (name: string) => `
  import.meta.hot.data.lives = (import.meta.hot.data.lives ?? 0) + 1
  log('${name} lives ' + import.meta.hot.data.lives)
  import.meta.hot.dispose((data) => log('${name} disposed ' + data.lives))
  import.meta.hot.prune((data) => log('${name} pruned ' + data.lives))`

for (const { name, start } of drivers) {
  test(`a module that nothing imports any more is disposed, then pruned, and forgets its data, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'; import.meta.hot.on('vite:beforePrune', ({ type, paths }) => log(type + ' ' + paths))`,
        'parent.js': `import './child'; export const n = 1; import.meta.hot.accept()`,
        'child.js': `import './grandchild'; ${LIFE('child')}`,
        'grandchild.js': LIFE('grandchild'),
      },
    })
    app.said()
    await app.after(() => app.edit('parent.js', `import './child';`, ''))
    expect(app.said()).toEqual([
      '[vite-tether] hot updated: /parent.js',
      'prune /child.js,/grandchild.js',
      'child disposed 1',
      'grandchild disposed 1',
      'child pruned 1',
      'grandchild pruned 1',
    ])
    await app.after(() => app.edit('parent.js', 'export', `import './child'; export`))
    expect(app.said()).toEqual(['grandchild lives 1', 'child lives 1', '[vite-tether] hot updated: /parent.js'])
  })

  test(`a module that somebody else still imports stays as it is, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'; import './other'`,
        'parent.js': `import './child'; import.meta.hot.accept()`,
        'other.js': `import './child'`,
        'child.js': LIFE('child'),
      },
    })
    await app.after(() => app.edit('parent.js', `import './child';`, ''))
    expect(app.logs).toEqual(['child lives 1', '[vite-tether] hot updated: /parent.js'])
  })

  test(`a module in a cycle that the app no longer reaches is pruned, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'`,
        'parent.js': `import './a'; import.meta.hot.accept()`,
        'a.js': `import './b'; ${LIFE('a')}`,
        'b.js': `import './a'; ${LIFE('b')}`,
      },
    })
    app.said()
    await app.after(() => app.edit('parent.js', `import './a';`, ''))
    expect(app.said().toSorted()).toEqual([
      '[vite-tether] hot updated: /parent.js',
      'a disposed 1',
      'a pruned 1',
      'b disposed 1',
      'b pruned 1',
    ])
  })

  test(`what an entry that failed had imported goes when its correction no longer imports it, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './child'; throw new Error('no way')`,
        'child.js': LIFE('child'),
      },
    })
    app.said()
    await app.after(() => app.edit('entry.js', `import './child'; throw new Error('no way')`, `log('entry')`))
    expect(app.said()).toEqual(['entry', 'child disposed 1', 'child pruned 1', '[vite-tether] program reload'])
  })

  test(`dynamic imports hold their modules, literal ones and computed ones, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'`,
        'parent.js': `
          export const literal = () => import('./literal')
          export const computed = (name) => import(/* @vite-ignore */ name)
          log('parent')
          import.meta.hot.accept()`,
        'literal.js': LIFE('literal'),
        'computed.js': LIFE('computed'),
      },
    })
    const { literal, computed } = await app.import('/parent.js')
    await literal()
    await computed('/computed.js')
    app.said()
    await app.after(() => app.edit('parent.js', `log('parent')`, `log('parent 2')`))
    expect(app.said()).toEqual(['parent 2', '[vite-tether] hot updated: /parent.js'])
    await app.after(() => app.edit('parent.js', `import('./literal')`, 'undefined'))
    expect(app.said()).toEqual([
      'parent 2',
      '[vite-tether] hot updated: /parent.js',
      'literal disposed 1',
      'literal pruned 1',
    ])
  })

  test(`an edited module that its importer drops in the same change is disposed once and pruned, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      plugins: [
        {
          name: 'together',
          // one save that concerns two modules
          hotUpdate({ modules, file }) {
            if (this.environment.name !== 'ssr' || !file.endsWith('parent.js')) return undefined
            const child = this.environment.moduleGraph.getModuleById(file.replace('parent', 'child'))
            return child ? [...modules, child] : undefined
          },
        },
      ],
      files: {
        'entry.js': `import './parent'`,
        'parent.js': `import './child'; import.meta.hot.accept()`,
        'child.js': LIFE('child'),
      },
    })
    await app.after(() => app.edit('parent.js', `import './child';`, ''))
    expect(app.logs).toEqual([
      'child lives 1',
      '[vite-tether] hot updated: /parent.js',
      'child disposed 1',
      'child pruned 1',
    ])
  })

  test(`files that are deleted before their importer lets go of them do not hold up its update, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'`,
        'parent.js': `import './middle'; log('parent'); import.meta.hot.accept()`,
        'middle.js': `import './child'; ${LIFE('middle')}`,
        'child.js': `${LIFE('child')}; import.meta.hot.accept()`,
      },
    })
    app.said()
    expect(await app.after(() => app.remove('child.js'))).toMatchObject({ outcome: 'failed' })
    expect(await app.after(() => app.edit('parent.js', `import './middle';`, ''))).toMatchObject({ outcome: 'updated' })
    const lines = app.said()
    expect(lines.slice(lines.indexOf('parent'))).toEqual([
      'parent',
      '[vite-tether] hot updated: /parent.js',
      'middle disposed 1',
      'child disposed 1',
      'middle pruned 1',
      'child pruned 1',
    ])
    // nothing is left over that a later save would have to wait for
    expect(await app.after(() => app.edit('parent.js', `'parent'`, `'new parent'`))).toMatchObject({
      outcome: 'updated',
      evaluated: 1,
    })
  })

  test(`a module that was imported from outside is no orphan, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'`,
        'parent.js': `import.meta.hot.accept()`,
        'outside.js': LIFE('outside'),
      },
    })
    await app.import('/outside.js')
    await app.after(() => app.edit('parent.js', `import.meta`, `log('parent 2'); import.meta`))
    expect(app.logs).toEqual(['outside lives 1', 'parent 2', '[vite-tether] hot updated: /parent.js'])
  })

  test(`a file that is deleted and restored, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './parent'`,
        'parent.js': `
          export { value as child } from './child'
          import.meta.hot.accept((module) => log('parent: ' + module.child))`,
        'child.js': `export const value = 'child'; ${LIFE('child')}`,
      },
    })
    app.said()
    await app.after(() => app.edit('child.js', `'child'`, `'child1'`))
    const parent = app.read('parent.js')
    const child = app.read('child.js')
    await app.logsAfter(() => {
      app.edit('parent.js', `export { value as child } from './child'`, `export const child = 'none'`)
      app.remove('child.js')
    }, 'child pruned 2')
    expect(app.said()).toEqual([
      'child disposed 1',
      'child lives 2',
      'parent: child1',
      '[vite-tether] hot updated: /parent.js',
      'parent: none',
      '[vite-tether] hot updated: /parent.js',
      'child disposed 2',
      'child pruned 2',
    ])
    await app.logsAfter(() => {
      app.write('child.js', child)
      app.write('parent.js', parent)
    }, 'parent: child1')
    expect(app.said()).toContain('child lives 1')
  })

  test(`a file that is deleted while it is imported is an error, and restoring it heals, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import { n } from './dep'; export { n }; log('n ' + n); import.meta.hot.accept()`,
        'dep.js': `export const n = 1`,
      },
    })
    expect(await app.after(() => app.remove('dep.js'))).toMatchObject({ outcome: 'failed' })
    expect((await app.import('/entry.js')).n).toBe(1)
    await app.logsAfter(() => app.write('dep.js', `export const n = 2`), 'n 2')
  })

  test(`deleting an intermediate file that is no longer needed does not break anything, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './index'`,
        'index.js': `import { display } from './re-export'; log(display(import.meta.hot.data.count ??= 1)); import.meta.hot.data.count++; import.meta.hot.accept()`,
        're-export.js': `export * from './display'`,
        'display.js': `export const display = (count) => 'count is ' + count`,
      },
    })
    await app.logsAfter(() => app.edit('index.js', './re-export', './display'), 'count is 2')
    await app.logsAfter(() => app.edit('display.js', '+ count', `+ count + '!'`), 'count is 3!')
    await app.logsAfter(() => {
      app.remove('re-export.js')
      app.edit('display.js', `+ '!'`, `+ '?'`)
    }, 'count is 4?')
  })

  test(`an import that did not resolve is healed by creating the file, ${name}`, async () => {
    const app = await start({
      entry: '/entry.js',
      files: { 'entry.js': `import './main'`, 'main.js': `log('main 1'); import.meta.hot.accept()` },
    })
    expect(
      await app.after(() => app.write('main.js', `import { late } from './late'; log(late); import.meta.hot.accept()`)),
    ).toMatchObject({
      outcome: 'failed',
    })
    await app.logsAfter(() => app.write('late.js', `export const late = 'came late'`), 'came late')
  })
}
