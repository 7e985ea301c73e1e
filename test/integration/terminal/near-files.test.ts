import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

const helper = 'export const a = 1'

test.each([
  ['a static import', "import { a } from './hepler.ts'\nconsole.log(a)"],
  ['an export from', "export { a } from './hepler.ts'"],
  ['an import()', "await import('./hepler.ts')"],
])('a misspelt file of %s is answered by the file that was probably meant', async (_, code) => {
  const { line } = await startApp({ 'src/main.ts': code, 'src/helper.ts': helper })
  expect(await line(/Cannot find module .*hepler\.ts/)).toContain("Did you mean 'helper.ts'?")
})

test.each([
  ['./hepler', 'helper'],
  ['./lbi/store', 'lib'],
  ['./lib/sotre', 'store'],
  ['./lib/sotre.js', 'store.ts'],
  ['./lib/stroe/all', 'store'],
])('the misspelt %s is answered by %s', async (specifier, meant) => {
  const { line } = await startApp({
    'src/main.ts': `import '${specifier}'`,
    'src/helper.ts': helper,
    'src/lib/store.ts': helper,
  })
  expect(await line(/Cannot find module/)).toContain(`Did you mean '${meant}'?`)
})

test('a file that nothing resembles is answered without a guess', async () => {
  const { line } = await startApp({ 'src/main.ts': "import './database'", 'src/helper.ts': helper })
  expect(await line(/Cannot find module/)).not.toContain('Did you mean')
})

test('a misspelt entry is answered by the file that was probably meant', async () => {
  const { line } = await startApp({ 'src/server.ts': helper }, { entry: 'src/sevrer.ts' })
  expect(await line(/The entry .* does not exist/)).toContain("Did you mean 'server.ts'? Correct the path")
})
