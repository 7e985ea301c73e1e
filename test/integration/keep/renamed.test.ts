/** The module that keeps a value gets another file: the value stays, as a key is the module's that is imported now. */
import { expect, test } from 'vitest'
import { type KeepApp, startKeepApp } from '../../support/keep.ts'

const POOL = `
  import { keep } from 'vite-tether/keep'
  export const pool = keep('pool', () => (say('open'), {}), () => say('close'))`

/** The ways in which the entry gets the pool; each exports it. */
const FORMS: Record<string, (file: string) => string> = {
  'a static import': (file) => `import { pool } from './${file}'; export { pool }`,
  're-export': (file) => `export { pool } from './${file}'`,
  'import()': (file) => `export const { pool } = await import('./${file}')`,
}

/** The ways in which the file gets its new name; resolves when the entry imports that. */
const WAYS: Record<string, (app: KeepApp, save: () => void) => Promise<{ outcome: string }>> = {
  'the file is renamed, which fails, then the import': async (app, save) => {
    const failed = await app.after(() => app.rename('src/store.ts', 'src/state.ts'))
    expect(failed.outcome).toBe('failed')
    return app.after(save)
  },
  'a copy is imported, and the former file stays': (app, save) => {
    app.write('src/state.ts', POOL)
    return app.after(save)
  },
}

const cases = Object.keys(FORMS).flatMap((form) => Object.keys(WAYS).map((way) => [form, way] as const))

test.each(cases)('by %s, %s', async (form, way) => {
  const main = (file: string, more = '') => `${FORMS[form]!(file)}\nimport.meta.hot.accept()\n${more}`
  const app = await startKeepApp({ 'src/main.ts': main('store.ts'), 'src/store.ts': POOL })
  const { pool } = await app.exports()
  expect(app.said()).toEqual(['open'])
  const report = await WAYS[way]!(app, () => app.write('src/main.ts', main('state.ts')))
  expect(report.outcome).toBe('updated')
  expect((await app.exports()).pool).toBe(pool)
  // one that fails gives nothing away: the key stays the new module's
  const failed = await app.after(() => app.write('src/main.ts', main('other.ts', `throw new Error('no')`)))
  expect(failed.outcome).toBe('failed')
  expect((await app.exports()).pool).toBe(pool)
  expect(app.said()).toEqual([])
  await app.close()
  expect(app.said()).toEqual(['close'])
})

test('a module that fails with the key of one that it lets go leaves it its value', async () => {
  const main = (file: string, more = '') =>
    `import { pool } from './${file}'; export { pool }\nimport.meta.hot.accept()\n${more}`
  const app = await startKeepApp({ 'src/main.ts': main('store.ts'), 'src/store.ts': POOL, 'src/state.ts': POOL })
  const { pool } = await app.exports()
  const failed = await app.after(() => app.write('src/main.ts', main('state.ts', `throw new Error('no')`)))
  expect(failed.outcome).toBe('failed')
  // both are imported now: the key is still the first one's
  const both = await app.after(() => app.write('src/main.ts', `import './state.ts'; ${main('store.ts')}`))
  expect(both).toMatchObject({ outcome: 'failed', error: { code: 'ERR_KEY' } })
  expect((await app.exports()).pool).toBe(pool)
  expect(app.said()).toEqual(['open'])
})
