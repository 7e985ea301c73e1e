import { expect, test } from 'vitest'
import { drivers, type HmrAppOptions } from '../../support/hmr-driver.ts'

for (const { name, start } of drivers) {
  /** An entry that imports a target, which accepts some of its exports. */
  const app = (importing: string, accepted: string, plugins: HmrAppOptions['plugins'] = []) =>
    start({
      entry: '/entry.js',
      plugins,
      files: {
        'entry.js': `${importing}\nlog('entry')`,
        'target.js': `
          import { dep } from './dep'
          export const a = 'A0'
          export const b = 'B0'
          export default 'D0'
          log('target ' + a + ' ' + dep)
          import.meta.hot.acceptExports(${accepted}, (module) => log('callback ' + module.a))`,
        'dep.js': `export const dep = 'dep0'`,
      },
    })

  test(`a module is updated when every name that is imported from it is accepted, ${name}`, async () => {
    const target = await app(`import def, { a } from './target'; export { def, a }`, `['a', 'default']`)
    expect(await target.after(() => target.edit('target.js', 'A0', 'A1'))).toMatchObject({
      outcome: 'updated',
      evaluated: 1,
    })
    expect(await target.after(() => target.edit('dep.js', 'dep0', 'dep1'))).toMatchObject({
      outcome: 'updated',
      evaluated: 2,
    })
    expect(target.logs).toEqual([
      'target A0 dep0',
      'entry',
      'target A1 dep0',
      'callback A1',
      '[vite-tether] hot updated: /target.js',
      'target A1 dep1',
      'callback A1',
      '[vite-tether] hot updated: /target.js',
    ])
  })

  test(`a single name of acceptExports() may be given without a list, ${name}`, async () => {
    const target = await app(`import { a } from './target'; log(a)`, `'a'`)
    expect(await target.after(() => target.edit('target.js', 'A0', 'A1'))).toMatchObject({ outcome: 'updated' })
  })

  test.each([
    ['a named import', `import { b } from './target'; log(b)`],
    ['a default import', `import def from './target'; log(def)`],
    ['one of two names', `import { a, b } from './target'; log(a + b)`],
    ['a re-export', `export { b } from './target'`],
    ['export *', `export * from './target'`],
    ['import *', `import * as target from './target'; log(target.a)`],
    ['a default beside import *', `import def, * as target from './target'; log(def + target.a)`],
    ['a dynamic import', `const { a } = await import('./target'); log(a)`],
  ])(`the update goes on to the importer when %s is not accepted, ${name}`, async (_, importing) => {
    const target = await app(importing, `['a']`)
    expect(await target.after(() => target.edit('target.js', 'A0', 'A1'))).toMatchObject({ outcome: 'reloaded' })
    expect(target.logs.filter((line) => line === 'entry')).toHaveLength(2)
  })

  test.each([
    ['import *', `import * as target from './target'; log(target.a)`],
    ['a dynamic import', `const { a } = await import('./target'); log(a)`],
    ['export *', `export * from './target'`],
  ])(`%s is no obstacle when all exports are accepted, ${name}`, async (_, importing) => {
    const target = await app(importing, `['a', 'b', 'default']`)
    expect(await target.after(() => target.edit('target.js', 'A0', 'A1'))).toMatchObject({
      outcome: 'updated',
      evaluated: 1,
    })
    expect(await target.after(() => target.edit('target.js', 'A1', 'A2'))).toMatchObject({
      outcome: 'updated',
      evaluated: 1,
    })
  })

  test(`a module that is imported for its side effects accepts itself, even with no names, ${name}`, async () => {
    const target = await app(`import './target'`, `[]`)
    expect(await target.after(() => target.edit('target.js', 'A0', 'A1'))).toMatchObject({
      outcome: 'updated',
      evaluated: 1,
    })
    expect(target.logs).toContain('target A1 dep0')
  })

  test(`no names are accepted when one of them is imported, ${name}`, async () => {
    const target = await app(`import { a } from './target'; log(a)`, `[]`)
    expect(await target.after(() => target.edit('target.js', 'A0', 'A1'))).toMatchObject({ outcome: 'reloaded' })
  })

  test(`the list of the code that runs counts, not that of the code that was saved, ${name}`, async () => {
    const target = await app(`import { a } from './target'; log(a)`, `['a']`)
    expect(await target.after(() => target.edit('target.js', `['a']`, `['b']`))).toMatchObject({ outcome: 'updated' })
    expect(await target.after(() => target.edit('target.js', 'A0', 'A1'))).toMatchObject({ outcome: 'reloaded' })
  })

  test(`one importer can be covered while the update goes on through another, ${name}`, async () => {
    const target = await start({
      entry: '/entry.js',
      files: {
        'entry.js': `import './covered'; import './open'`,
        'covered.js': `import { a } from './target'; log('covered ' + a)`,
        'open.js': `import { b } from './target'; log('open ' + b); import.meta.hot.accept()`,
        'target.js': `export const a = 1; export const b = 1; import.meta.hot.acceptExports(['a'], () => log('callback'))`,
      },
    })
    target.said()
    expect(await target.after(() => target.edit('target.js', 'b = 1', 'b = 2'))).toMatchObject({
      outcome: 'updated',
      evaluated: 2,
    })
    expect(target.said()).toEqual([
      'open 2',
      'callback',
      '[vite-tether] hot updated: /target.js',
      '[vite-tether] hot updated: /open.js',
    ])
    expect(target.logs).not.toContain('covered 2')
  })

  test(`an entry that accepts its exports is its own boundary, ${name}`, async () => {
    const target = await start({
      entry: '/entry.js',
      files: { 'entry.js': `export const a = 1; export const b = 1; import.meta.hot.acceptExports(['a'])` },
    })
    expect(await target.after(() => target.edit('entry.js', 'a = 1', 'a = 2'))).toMatchObject({ outcome: 'updated' })
  })
}
