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
  expect(awaitedImports(code, parseSync)).toEqual(['./gone.js'])
})
