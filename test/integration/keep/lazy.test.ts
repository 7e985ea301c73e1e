/** A value that is kept behind an `import()` in a function: an update lets the module go, and the next import of it finds the value. */
import { expect, test } from 'vitest'
import { startKeepApp as start } from '../../support/keep.ts'

const POOL = `
  import { keep } from 'vite-tether/keep'
  import './dep.ts'
  export const pool = keep('pool', () => (say('open'), {}), () => say('close'))`

/** The ways from the entry's `ask()` to the module that keeps the pool. */
const WAYS: Record<string, Record<string, string>> = {
  'import()': { 'src/main.ts': `export const ask = async () => (await import('./pool.ts')).pool` },
  'a computed import()': {
    'src/main.ts': `const file = './pool.ts'; export const ask = async () => (await import(/* @vite-ignore */ file)).pool`,
  },
  'a route that imports it': {
    'src/main.ts': `export const ask = async () => (await import('./route.ts')).pool`,
    'src/route.ts': `export { pool } from './pool.ts'`,
  },
  'an import() in a route': {
    'src/main.ts': `export const ask = async () => (await import('./route.ts')).ask()`,
    'src/route.ts': `export const ask = async () => (await import('./pool.ts')).pool`,
  },
  'a computed import() in a route': {
    'src/main.ts': `export const ask = async () => (await import('./route.ts')).ask()`,
    'src/route.ts': `const file = './pool.ts'; export const ask = async () => (await import(/* @vite-ignore */ file)).pool`,
  },
  'a cycle': {
    'src/main.ts': `export const ask = async () => (await import('./route.ts')).pool; export const main = 1`,
    'src/route.ts': `import './back.ts'; export { pool } from './pool.ts'`,
    'src/back.ts': `export * as route from './route.ts'`,
  },
}

/** The files that are saved, one after the other, before the next request. */
const SAVES: Record<string, string[]> = {
  'its module': ['src/pool.ts'],
  'what it imports, twice': ['src/dep.ts', 'src/dep.ts'],
  'the entry': ['src/main.ts'],
  'its module, then another': ['src/pool.ts', 'src/other.ts'],
}

const cases = Object.keys(WAYS).flatMap((way) => Object.keys(SAVES).map((saves) => ({ way, saves })))

test.each(cases)('$way: a save of $saves', async ({ way, saves }) => {
  const main = `import './other.ts'; ${WAYS[way]!['src/main.ts']}; import.meta.hot.accept()`
  const app = await start({
    'src/pool.ts': POOL,
    'src/dep.ts': 'export {}',
    'src/other.ts': 'import.meta.hot.accept()',
    ...WAYS[way],
    'src/main.ts': main,
  })
  const ask = async () => (await app.exports()).ask()
  const pool = await ask()
  for (const [index, file] of SAVES[saves]!.entries()) {
    await app.after(() => app.write(file, `${app.read(file)}\nexport const more${index} = 1`))
  }
  expect(await ask()).toBe(pool)
  expect(app.said()).toEqual(['open'])
  // nothing imports it any more; of a computed import() nothing tells
  await app.after(() => app.write('src/main.ts', `import './other.ts'; import.meta.hot.accept()`))
  if (way === 'a computed import()') await app.close()
  expect(app.said()).toEqual(['close'])
})

test('a value that the new code of such a module does not keep goes with the first save after it has run', async () => {
  const app = await start({
    'src/pool.ts': POOL,
    'src/dep.ts': 'export {}',
    'src/other.ts': 'import.meta.hot.accept()',
    'src/main.ts': `import './other.ts'; ${WAYS['import()']!['src/main.ts']}; import.meta.hot.accept()`,
  })
  await (await app.exports()).ask()
  await app.after(() => app.edit('src/pool.ts', "'pool'", "'another'"))
  expect(app.said()).toEqual(['open'])
  await (await app.exports()).ask()
  expect(app.said()).toEqual(['open'])
  await app.after(() => app.write('src/other.ts', 'import.meta.hot.accept(); export const more = 1'))
  expect(app.said()).toEqual(['close'])
})
