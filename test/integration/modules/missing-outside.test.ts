/** A module of a linked package, outside of the root, imports a file that is not there yet: it is found when it comes. */
import { symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'
import { createProject } from '../../support/project.ts'

const FORMS: Record<string, (specifier: string) => string> = {
  static: (specifier) => `import { inner } from '${specifier}'; export const value = 'v2' + inner`,
  're-export': (specifier) => `export { inner } from '${specifier}'; export const value = 'v2i'`,
  'top-level import()': (specifier) =>
    `const { inner } = await import('${specifier}'); export const value = 'v2' + inner`,
}

const FILES: Record<string, string> = {
  './inner.js': 'dist/inner.js',
  './inner': 'dist/inner.js',
  './deep/inner': 'dist/deep/inner.js',
}

const cases = drivers.flatMap((driver) =>
  Object.keys(FORMS).flatMap((form) =>
    Object.keys(FILES).map((specifier) => ({ driver, name: driver.name, form, specifier })),
  ),
)

test.each(cases)('$name: $form import of $specifier', async ({ driver, form, specifier }) => {
  const lib = createProject({
    'package.json': '{ "type": "module", "exports": "./dist/index.js" }',
    'dist/index.js': `export const value = 'v1'`,
  })
  const app = await driver.start({
    entry: '/main.js',
    files: { 'main.js': `export const ask = () => ''; import.meta.hot.accept()`, 'node_modules/none/index.js': '' },
  })
  symlinkSync(lib.root, app.path('node_modules/lib'))
  app.write('main.js', `import { value } from 'lib'; export const ask = () => value; import.meta.hot.accept()`)
  const ask = async () => (await app.import('/main.js')).ask()
  await expect.poll(ask).toBe('v1')
  const failed = await app.after(() => lib.write('dist/index.js', FORMS[form]!(specifier)))
  expect(failed.outcome).toBe('failed')
  lib.write(FILES[specifier]!, `export const inner = 'i'`)
  await expect.poll(ask).toBe('v2i')
})
