/** A top-level await that never settles: the save that mends it replaces it, nothing waits for it, and nothing is there twice. */
import { expect, test } from 'vitest'
import { ACCEPTS, NEVER } from '../../support/endless-await.ts'
import { drivers, inProcess } from '../../support/hmr-driver.ts'

const LIFE = (name: string) => `log('${name} made'); import.meta.hot.dispose(() => log('${name} disposed'))`

const leaf = (value: number, wait = '') => `${LIFE('leaf')}; ${wait}; export const value = ${value}`

const cases = drivers.flatMap((driver) =>
  Object.keys(ACCEPTS).map((accepts) => ({ driver, name: driver.name, accepts })),
)

test.each(cases)('$name, accepted by $accepts', async ({ driver, accepts }) => {
  const [imports, accept] = ACCEPTS[accepts]!
  const app = await driver.start({
    entry: '/main.js',
    onUnaccepted: 'reload',
    limits: { evaluate: 200, settle: 200 },
    files: {
      'main.js': `${imports}; ${LIFE('main')}; export const ask = () => current; ${accept}`,
      'leaf.js': leaf(1),
    },
  })
  const live = (name: string) =>
    app.logs.filter((line) => line === `${name} made`).length -
    app.logs.filter((line) => line === `${name} disposed`).length
  const ask = async () => (await app.import('/main.js')).ask()
  await expect.poll(ask).toBe(1)
  const made = app.logs.filter((line) => line === 'leaf made').length
  app.write('leaf.js', leaf(2, NEVER))
  await app.until(() => app.logs.filter((line) => line === 'leaf made').length > made)
  const count = app.reports.length
  app.write('leaf.js', leaf(3))
  await app.until(() => app.reports.slice(count).some(({ outcome }) => outcome === 'updated' || outcome === 'reloaded'))
  await expect.poll(ask, { timeout: 5000 }).toBe(3)
  expect([live('main'), live('leaf')]).toEqual([1, 1])
  // and it goes on like that
  app.write('leaf.js', leaf(4))
  await expect.poll(ask, { timeout: 5000 }).toBe(4)
  expect([live('main'), live('leaf')]).toEqual([1, 1])
})

// vite-node's own runner has no way to take its promise back from those who wait for it
const ours = drivers.filter((driver) => driver !== inProcess)

test.each(ours.flatMap((driver) => ['/main.js', '/leaf.js'].map((asked) => ({ driver, name: driver.name, asked }))))(
  '$name: an import of $asked from outside, under way when the update is put off, gets what runs',
  async ({ driver, asked }) => {
    const app = await driver.start({
      entry: '/main.js',
      limits: { evaluate: 200, settle: 200 },
      files: {
        'main.js': `export { value } from './leaf.js'; import.meta.hot.accept()`,
        'leaf.js': `log('leaf runs'); export const value = 1`,
      },
    })
    app.said()
    app.write('leaf.js', `log('leaf hangs'); ${NEVER}; export const value = 2`)
    await app.until(() => app.logs.includes('leaf hangs'))
    const imported = app.import(asked)
    app.write('leaf.js', `log('leaf runs again'); export const value = 3`)
    expect([1, 3]).toContain((await imported).value)
    await app.until(() => app.logs.includes('leaf runs again'))
    await expect.poll(async () => (await app.import(asked)).value).toBe(3)
  },
)
