/** Only an `import()` without which a module cannot be evaluated counts: a start is not refused for one that may never be loaded, or is caught. */
import { parseSync } from 'vite'
import { expect, test } from 'vitest'
import { awaitedImports } from '../../../src/server/modules/awaited-imports.ts'

const SPARES: ((it: string) => string)[] = [
  (it) => `__vite_ssr_dynamic_import__(${it}).catch(() => {})`,
  (it) => `await __vite_ssr_dynamic_import__(${it}).catch(() => {})`,
  (it) => `await __vite_ssr_dynamic_import__(${it}).then(() => {}, () => {})`,
  (it) => `await Promise.all([import('./good.ts'), __vite_ssr_dynamic_import__(${it})]).catch(() => {})`,
  (it) => `await Promise.allSettled([__vite_ssr_dynamic_import__(${it})])`,
  (it) => `await Promise.any([__vite_ssr_dynamic_import__(${it}), 1])`,
  (it) => `try { await __vite_ssr_dynamic_import__(${it}) } catch {}`,
  (it) => `if (process.env.NEVER) await __vite_ssr_dynamic_import__(${it})`,
  (it) => `process.env.NEVER && (await __vite_ssr_dynamic_import__(${it}))`,
  (it) => `process.argv ?? (await __vite_ssr_dynamic_import__(${it}))`,
  (it) => `export const x = process.env.NEVER ? await __vite_ssr_dynamic_import__(${it}) : 1`,
  (it) => `export const later = async () => await __vite_ssr_dynamic_import__(${it})`,
  (it) => `export class Late { async load() { return await __vite_ssr_dynamic_import__(${it}) } }`,
  (it) => `for (const _ of []) await __vite_ssr_dynamic_import__(${it})`,
  (it) => `switch (1) { case 2: await __vite_ssr_dynamic_import__(${it}) }`,
  (it) => `globalThis.hooks?.add(await __vite_ssr_dynamic_import__(${it}))`,
  (it) => `export const { a = await __vite_ssr_dynamic_import__(${it}) } = { a: 1 }`,
]

test.each(SPARES.map((code) => code("'./gone.js'")))('may do without it: %s', (code) => {
  expect(awaitedImports(code, parseSync)).toEqual([])
})

test.each([
  "await __vite_ssr_dynamic_import__('./gone.js')",
  "await (__vite_ssr_dynamic_import__('./gone.js'))",
  'await __vite_ssr_dynamic_import__(`./gone.js`)',
])('is sure of it: %s', (code) => {
  expect(awaitedImports(code, parseSync)).toEqual([{ specifier: './gone.js', isPrepared: false }])
})

test.each([
  "const a = await __vite_ssr_import__('./a.js', {})\nexport const b = 1",
  "__vite_ssr_exportName__('a', () => a)\nconst a = 1",
  'function prepare() { write() }',
  'const prepare = () => write()',
])('has called nothing of the app before: %s', (code) => {
  const [found] = awaitedImports(`${code}; await __vite_ssr_dynamic_import__('./a.js')`, parseSync)
  expect(found).toEqual({ specifier: './a.js', isPrepared: false })
})

test.each([
  "write('a.js')",
  "if (!existsSync('a.js')) write('a.js')",
  "const a = await __vite_ssr_dynamic_import__('./b.js').then(({ write }) => write())",
  'await __vite_ssr_import_0__.written',
  'new Generator()',
  'for (const each of all) write(each)',
])('may have made the file before: %s', (code) => {
  const found = awaitedImports(`${code}; await __vite_ssr_dynamic_import__('./a.js')`, parseSync)
  expect(found.at(-1)).toEqual({ specifier: './a.js', isPrepared: true })
})

test('code that is too deep for the stack, or long, is no trouble', () => {
  const deep = `const a = ${'"a" + '.repeat(20_000)}"a"; await __vite_ssr_dynamic_import__('./a.js')`
  expect(awaitedImports(deep, parseSync)).toEqual([])
  const long = "const a = await __vite_ssr_import__('./a.js', {})\n".repeat(100_000)
  expect(awaitedImports(long, parseSync)).toEqual([])
})
