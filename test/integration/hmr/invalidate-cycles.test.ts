/** One save is a bounded number of updates, whoever calls `invalidate()` and when. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

const CALLS: Record<string, string> = {
  'at once': 'import.meta.hot.invalidate()',
  'after a tick': 'Promise.resolve().then(() => import.meta.hot.invalidate())',
  'after a timer': 'setTimeout(() => import.meta.hot.invalidate(), 5)',
}

/** Modules in a cycle; `main.js` accepts `./a.js`, and `CALL` is replaced by a call of `invalidate()`. */
const CYCLES: Record<string, Record<string, string>> = {
  'a dependency that imports its acceptor': {
    'a.js': `import './b.js'; export const v = 1`,
    'b.js': `import './a.js'; import.meta.hot.accept('./a.js', () => { CALL })`,
  },
  'two acceptors': {
    'a.js': `import './b.js'; import './c.js'; export const v = 1`,
    'b.js': `import './a.js'; import.meta.hot.accept('./a.js', () => { CALL })`,
    'c.js': `import './a.js'; import './b.js'; import.meta.hot.accept(['./a.js', './b.js'], () => { CALL })`,
  },
  'a cycle by import()': {
    'a.js': `import('./b.js'); export const v = 1`,
    'b.js': `import('./a.js'); import.meta.hot.accept('./a.js', () => { CALL })`,
  },
  'acceptors of themselves': {
    'a.js': `import './b.js'; export const v = 1; import.meta.hot.accept(() => { CALL })`,
    'b.js': `import './a.js'; import.meta.hot.accept(() => { CALL })`,
  },
}

const cases = drivers.flatMap(({ name, start }) =>
  Object.keys(CYCLES).flatMap((cycle) => Object.keys(CALLS).map((call) => ({ name, start, cycle, call }))),
)

test.each(cases)('$name, $cycle, invalidate() $call: one save is a few updates', async ({ start, cycle, call }) => {
  const files = Object.entries(CYCLES[cycle]!).map(([file, code]) => [file, code.replace('CALL', CALLS[call]!)])
  const app = await start({
    entry: '/main.js',
    files: {
      'main.js': `
        import './sentinel.js'
        export let v = (await import('./a.js')).v
        export const value = () => v
        import.meta.hot.accept('./a.js', (next) => { v = next.v; log('main has ' + v) })`,
      'sentinel.js': 'export const n = 1; import.meta.hot.accept(() => log("sentinel"))',
      ...Object.fromEntries(files),
    },
  })
  await app.after(() => app.edit('a.js', 'v = 1', 'v = 2'))
  await expect.poll(async () => (await app.import('/main.js')).value()).toBe(2)
  // longer than the timers that would go on with it
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 10))
  const { length } = app.reports
  await app.after(() => app.edit('sentinel.js', 'n = 1', 'n = 2'))
  expect(length).toBeLessThanOrEqual(6)
  expect(app.reports.at(-1)).toMatchObject({ outcome: 'updated' })
})
