/** In process: a file is deleted, and its importer is saved so that it throws, both at once. Nothing runs twice, and the new file heals. */
import { expect, test } from 'vitest'
import { inProcess } from '../../support/hmr-driver.ts'

const b = (value: number) => `log('b ${value} runs'); export const b = ${value}
  import.meta.hot?.dispose(() => log('b ${value} ends'))`
const FORMS: Record<string, string> = {
  static: `import { b } from './b.js'`,
  're-export': `import { b } from './again.js'`,
  'import()': `const { b } = await import('./b.js')`,
}

test.each(Object.entries(FORMS))('%s', async (_, form) => {
  const a = (text: string, more = '') => `${form}\n${more}\nexport const a = '${text} ' + b`
  const app = await inProcess.start({
    entry: '/main.js',
    files: {
      'main.js': `import { a } from './a.js'; log('main ' + a); import.meta.hot.accept()`,
      'a.js': a('one'),
      'again.js': `export { b } from './b.js'`,
      'b.js': b(1),
    },
  })
  const count = (line: string) => app.logs.filter((each) => each === line).length
  const balance = () => count('b 1 runs') - count('b 1 ends')
  expect(balance()).toBe(1)
  const failures = () => app.reports.filter(({ outcome }) => outcome === 'failed').length
  app.remove('b.js')
  app.write('a.js', a('two', `throw new Error('a throws')`))
  await app.until(() => failures() > 0)
  expect(balance()).toBe(1)
  const before = failures()
  app.write('a.js', a('three'))
  await app.until(() => failures() > before)
  expect(balance()).toBe(1)
  await app.logsAfter(() => app.write('b.js', b(2)), 'main three 2')
  expect(balance()).toBe(0)
  expect(count('b 2 runs')).toBe(1)
})
