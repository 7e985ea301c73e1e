/** A module of a cycle accepts the entry. When it is replaced itself, that accept has no say: what needs it is checked and comes back. */
import { expect, test } from 'vitest'
import { BACK, FAULTS } from '../../support/accept-in-cycle.ts'
import { inProcess } from '../../support/hmr-driver.ts'

/** In process an evaluation that fails is rolled back as well. */
const ALL: Record<string, string> = { ...FAULTS, 'an error that is thrown': `throw new Error('no')` }

const cases = Object.keys(BACK).flatMap((back) => Object.keys(ALL).map((fault) => ({ back, fault })))

test.each(cases)('a module that accepts the entry, which it gets by $back, is saved with $fault', async (each) => {
  const code = (n: number, more = '') => `${BACK[each.back]}; export const n = ${n}
    import.meta.hot.accept('./main.js'); import.meta.hot.dispose(() => log('a disposed')); log('a ' + n); ${more}`
  const app = await inProcess.start({
    entry: '/main.js',
    files: { 'main.js': `import { n } from './a.js'; export const ask = () => n; log('main made')`, 'a.js': code(1) },
  })
  const ask = async () => (await app.import('/main.js')).ask()
  expect(await ask()).toBe(1)
  const failed = await app.after(() => app.write('a.js', code(2, ALL[each.fault])))
  expect(failed.outcome).toBe('failed')
  // the line that says so is true
  expect(await ask()).toBe(1)
  if (each.fault !== 'an error that is thrown') expect(app.logs).not.toContain('a disposed')
  const mended = await app.after(() => app.write('a.js', code(3)))
  expect(mended.outcome).toBe('reloaded')
  expect(await ask()).toBe(3)
})
