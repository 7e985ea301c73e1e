/** A module accepts a file that does not exist yet: Vite cannot transform it, and notes none of its imports. The file heals it. */
import { expect, test } from 'vitest'
import { drivers } from '../../support/hmr-driver.ts'

/** Specifier -> the file that it means. */
const SPELLINGS: Record<string, string> = {
  './c.js': 'src/c.js',
  './c': 'src/c.ts',
  './dir': 'src/dir/index.ts',
  '@/c': 'src/c.js',
}

/** The ways in which it is accepted; each exports `val`. */
const FORMS: Record<string, (specifier: string) => string> = {
  'an import': (specifier) => `import { c } from '${specifier}'; export const val = c
    import.meta.hot.accept('${specifier}', () => {})`,
  'a list': (specifier) => `import { c } from '${specifier}'; export const val = c
    import.meta.hot.accept(['./b.js', '${specifier}'], () => {})`,
  'an import()': (specifier) => `export const val = (await import('${specifier}')).c
    import.meta.hot.accept('${specifier}', () => {})`,
}

const cases = drivers.flatMap((driver) =>
  Object.keys(SPELLINGS).flatMap((specifier) =>
    Object.keys(FORMS).map((form) => ({ driver, name: driver.name, specifier, form })),
  ),
)

const CONFIG = { resolve: { alias: { '@': '/src' } } }
const MAIN = `import { val } from './a.js'; log('val ' + val); import.meta.hot.accept()`

test.each(cases)('$name, $specifier is accepted by $form: its file heals it, at the start and later', async (each) => {
  const { specifier, form } = each
  const file = SPELLINGS[specifier]!
  const a = (text: string) => `import './b.js'; ${text}`
  const bad = a(FORMS[form]!(specifier))
  const app = await each.driver.start({
    entry: '/src/main.js',
    files: { 'src/main.js': MAIN, 'src/a.js': bad, 'src/b.js': '' },
    config: CONFIG,
  })
  expect(app.startError).toBeDefined()
  app.write(file, `export const c = 'one'`)
  // attached, the one who has imported the entry was told by a rejection, and imports it again
  const isThere = () =>
    app.import('/src/main.js').then(
      () => true,
      () => false,
    )
  if (!each.driver.hasEntries) await expect.poll(isThere, { timeout: 8000 }).toBe(true)
  await app.until(() => app.logs.includes('val one'))

  await app.logsAfter(() => app.write('src/a.js', a(`export const val = 'none'`)), 'val none')
  const gone = app.reports.length
  app.remove(file)
  app.write('src/a.js', bad)
  await app.until(() => app.reports.slice(gone).some(({ outcome }) => outcome === 'failed'))
  await app.logsAfter(() => app.write(file, `export const c = 'two'`), 'val two')
})
