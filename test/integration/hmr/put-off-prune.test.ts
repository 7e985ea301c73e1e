/** An update that is put off, because its evaluation takes long and a later save waits, leaves the app as it was: nothing is pruned. */
import { expect, test } from 'vitest'
import { attached } from '../../support/hmr-driver.ts'

const main = (old: string, wait: number) => `
  ${old}
  import './other.js'
  log('main begins')
  await new Promise((resolve) => setTimeout(resolve, ${wait}))
  export const load = () => import('./broken.js').catch(({ message }) => message)
  import.meta.hot.accept()`

test.each([
  ['imports it', `import './old.js'`],
  ['re-exports it', `export * from './old.js'`],
])('main.js %s no more, and is put off: the module lives until that update is there', async (_, old) => {
  const app = await attached.start({
    entry: '/main.js',
    limits: { evaluate: 100, settle: 100 },
    files: {
      'main.js': main(old, 0),
      'old.js': `
        export const old = 1
        import.meta.hot.dispose(() => log('old disposed'))
        import.meta.hot.prune(() => log('old pruned'))`,
      'other.js': `export const n = 1; import.meta.hot.accept(({ n }) => log('other ' + n))`,
      'broken.js': `throw new Error('broken')`,
    },
  })
  // an instance that has failed makes the next update look for modules that are not reached any more
  const { load } = await app.import('/main.js')
  expect(await load()).toBe('broken')
  await app.logsAfter(() => app.write('main.js', main('', 500)), 'main begins')
  await app.logsAfter(() => app.write('other.js', `export const n = 2; import.meta.hot.accept()`), 'other 2')
  expect(app.logs.filter((line) => /^old /.test(line))).toEqual([])
  await app.until(() => app.logs.includes('[vite-tether] hot updated: /main.js'))
  await app.until(() => app.logs.includes('old pruned'))
  expect(app.logs.filter((line) => /^old /.test(line))).toEqual(['old disposed', 'old pruned'])
})
