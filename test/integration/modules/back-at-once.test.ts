/** A file is deleted, a new importer of it is saved, and the file is back before its end was told: all that the watcher tells is a change of it. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

/** File that goes and comes -> specifiers by which it is imported. */
const SPELLINGS: Record<string, string[]> = {
  'dep.ts': ['../dep', '../dep.js', '../dep.ts', '#lib/dep'],
  'dep/index.ts': ['../dep', '../dep/index.ts'],
  'dep.json': ['../dep.json'],
}

/** The ways in which the importer gets the value. */
const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import * as it from '${specifier}'; export const value = it.value`,
  'import()': (specifier) => `const it = await import('${specifier}'); export const value = it.value`,
}

const dep = (file: string, n: number) => (file.endsWith('.json') ? `{ "value": ${n} }` : `export const value = ${n}`)

const cases = drivers.flatMap((driver) =>
  Object.entries(SPELLINGS).flatMap(([file, specifiers]) =>
    specifiers.flatMap((specifier) =>
      Object.keys(FORMS).map((form) => ({ driver, name: driver.name, file, specifier, form })),
    ),
  ),
)

test.each(cases)('$name: $form import of $specifier', async ({ driver, file, specifier, form }) => {
  const main = (imports: string) => `${imports}; export const ask = () => value; import.meta.hot.accept()`
  const app = await driver.start({
    entry: '/main.js',
    files: {
      'package.json': '{ "type": "module", "imports": { "#lib/*": "./*.ts" } }',
      'main.js': main(`import * as it from '.${specifier.replace(/^\.\.|#lib/, '')}'; const value = it.value`),
      [file]: dep(file, 1),
      'dep/other.js': '',
    },
  })
  const ask = async () => (await app.import('/main.js')).ask()
  expect(await ask()).toBe(1)
  app.remove(file)
  app.write('user/index.js', FORMS[form]!(specifier))
  // fails if Vite looks for the file, and not if it remembers it: both are true for another 100 ms
  await app.after(() => app.write('main.js', main(`import { value } from './user/index.js'`)))
  app.write(file, dep(file, 2))
  await expect.poll(ask).toBe(2)
})
