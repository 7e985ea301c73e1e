/** A module of a cycle accepts the entry. When it is replaced itself, that accept has no say: what needs it is checked and comes back. */
import { expect, test } from 'vitest'
import { inProcess } from '../../support/hmr-driver.ts'

/** How the module that is saved gets the entry. */
const BACK: Record<string, string> = {
  'a static import': `import './main.js'`,
  'a re-export': `export * as back from './main.js'`,
  'an import() in a function': `export const back = () => import('./main.js')`,
}

/** The error in the saved code. */
const FAULTS: Record<string, string> = {
  'a syntax error': `export const = 1`,
  'an import of nothing': `import './nothing.js'`,
  'an error that is thrown': `throw new Error('no')`,
}

const cases = Object.keys(BACK).flatMap((back) => Object.keys(FAULTS).map((fault) => ({ back, fault })))

test.each(cases)('a module that accepts the entry, which it gets by $back, is saved with $fault', async (each) => {
  const code = (n: number, more = '') => `${BACK[each.back]}; export const n = ${n}
    import.meta.hot.accept('./main.js'); import.meta.hot.dispose(() => log('a disposed')); log('a ' + n); ${more}`
  const app = await inProcess.start({
    entry: '/main.js',
    files: { 'main.js': `import { n } from './a.js'; export const ask = () => n; log('main made')`, 'a.js': code(1) },
  })
  const ask = async () => (await app.import('/main.js')).ask()
  expect(await ask()).toBe(1)
  const failed = await app.after(() => app.write('a.js', code(2, FAULTS[each.fault])))
  expect(failed.outcome).toBe('failed')
  // the line that says so is true
  expect(await ask()).toBe(1)
  if (each.fault !== 'an error that is thrown') expect(app.logs).not.toContain('a disposed')
  const mended = await app.after(() => app.write('a.js', code(3)))
  expect(mended.outcome).toBe('reloaded')
  expect(await ask()).toBe(3)
})
