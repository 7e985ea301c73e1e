/** A failed update leaves nothing of its own behind: not what its import()s made while the failure was waited out, either. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

const LIFE = (name: string) => `log('${name} made'); import.meta.hot.dispose(() => log('${name} disposed'))`

/** The ways in which the module that fails begins the evaluation that goes on meanwhile. */
const STARTS: Record<string, string> = {
  'import()': `void import('./slow.js')`,
  'an import() of a third module': `import './load.js'`,
  'an import() of what imports it': `void import('./first.js')`,
}

/** The ways in which the module that goes on gets another after the failure. */
const LATER: Record<string, string> = {
  'a static import': `import './wait.js'; import './later.js'`,
  'a re-export': `export { wait } from './wait.js'; export * from './later.js'`,
  'an awaited import()': `await wait(); await import('./later.js')`,
  'an import() that nobody awaits': `await wait(); void import('./later.js')`,
}

const WAIT = `const wait = () => new Promise((resolve) => setTimeout(resolve, 50))`

const cases = drivers.flatMap((driver) =>
  Object.keys(STARTS).flatMap((start) =>
    Object.keys(LATER).map((later) => ({ driver, name: driver.name, start, later })),
  ),
)

test.each(cases)('all that a failed update has made is disposed: $start, then $later, $name', async (each) => {
  const main = `${LIFE('main')}; import.meta.hot.accept()`
  const app = await each.driver.start({
    entry: '/main.js',
    files: {
      'main.js': main,
      'load.js': `void import('./slow.js'); ${LIFE('load')}`,
      'first.js': `import './slow.js'; ${LIFE('first')}`,
      'slow.js': `${LIFE('slow')}; ${WAIT}; ${LATER[each.later]}`,
      'wait.js': `${LIFE('wait')}; ${WAIT}; await wait(); export { wait }`,
      'later.js': `import './deep.js'; ${LIFE('later')}; export const n = 1`,
      'deep.js': LIFE('deep'),
    },
  })
  /** The number of instances of each module: those made, without those disposed. */
  const live = () => {
    const counts: Record<string, number> = {}
    for (const [name, what] of app.logs.map((line) => line.split(' '))) {
      if (what === 'made') counts[name!] = (counts[name!] ?? 0) + 1
      if (what === 'disposed') counts[name!]!--
    }
    return counts
  }
  const next = `${STARTS[each.start]}; ${main}`
  const failed = await app.after(() => app.write('main.js', `${next}; throw new Error('no')`))
  expect(failed.outcome).toBe('failed')
  const { main: one, ...others } = live()
  expect(one).toBe(1)
  expect(Object.keys(others)).toContain('later')
  expect(new Set(Object.values(others))).toEqual(new Set([0]))

  await app.after(() => app.write('main.js', next))
  await app.until(() => live().later === 1 && Object.values(live()).every((count) => count === 1))
})
