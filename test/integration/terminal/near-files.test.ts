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

test('a misspelt entry is answered by the file that was probably meant', async () => {
  const { line } = await startApp({ 'src/server.ts': helper }, { entry: 'src/sevrer.ts' })
  expect(await line(/The entry .* does not exist/)).toContain("Did you mean 'server.ts'? Correct the path")
})
