/** In process: a file is renamed, and the import of it is not. That is told, nothing runs by the code of the file that is gone, and the new import heals it. */
import { expect, test } from 'vitest'
import { inProcess } from '../../support/hmr-driver.ts'

/** The ways in which the entry gets the value. */
const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import { value } from '${specifier}'`,
  're-export': (specifier) => `export * from '${specifier}'; import { value } from '${specifier}'`,
  'import()': (specifier) =>
    `let value; import('${specifier}').then((it) => { value = it.value }, () => { value = 'failed' })`,
}

const RENAMES = [
  ['dep.js', 'dep/index.js'],
  ['dep/index.js', 'dep.ts'],
  ['dep.ts', 'dep.js'],
]

const cases = Object.keys(FORMS).flatMap((form) =>
  RENAMES.flatMap(([from, to]) => [true, false].map((accepts) => [form, from!, to!, accepts] as const)),
)

test.each(cases)('%s import of %s, which is now %s, the entry accepts: %s', async (form, from, to, accepts) => {
  const main = (file: string) =>
    `${FORMS[form]!(`./${file}`)}; export const ask = () => value; ${accepts ? 'import.meta.hot.accept()' : ''}`
  const app = await inProcess.start({
    entry: '/main.js',
    files: { 'main.js': main(from), [from]: 'export const value = 1', 'dep/other.js': '' },
  })
  const ask = async () => (await app.import('/main.js')).ask()
  await expect.poll(ask).toBe(1)
  const failed = await app.after(() => app.rename(from, to))
  expect(failed.outcome).toBe('failed')
  expect(await ask()).toBe(1)
  const reported = app.reports.length
  app.write('main.js', main(to))
  await app.until(() =>
    app.reports.slice(reported).some(({ outcome }) => outcome === 'updated' || outcome === 'reloaded'),
  )
  await expect.poll(ask).toBe(1)
})
