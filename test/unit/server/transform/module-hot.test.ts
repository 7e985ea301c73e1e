import { parseSync, Visitor } from 'vite'
import { expect, test } from 'vitest'
import { rewriteModuleHot } from '../../../../src/server/transform/module-hot.ts'

const rewrite = (code: string, id = '/src/a.ts') => rewriteModuleHot(code, id, { parse: parseSync, Visitor })

test('module.hot becomes import.meta.hot, in whatever way it is written', () => {
  expect(rewrite(`declare const module: any\nif (module.hot) module.hot.accept('./b')`)).toBe(
    `declare const module: any\nif (import.meta.hot) import.meta.hot.accept('./b')`,
  )
  expect(rewrite('module?.hot?.dispose(() => {})')).toBe('import.meta.hot?.dispose(() => {})')
  expect(rewrite('module\n  .hot?.accept()', '/src/a.tsx')).toBe('import.meta.hot?.accept()')
})

test.each([
  ['text', `console.log('module.hot') // module.hot`],
  ['another object’s module', 'webpack.module.hot.accept()'],
  ['a parameter', 'modules.filter((module) => module.hot)'],
  ['a destructured variable', 'const { module } = options; module.hot()'],
  ['an import', `import * as module from './m.js'; module.hot()`],
  ['no code', 'module.hot'],
])('%s stays as it is', (what, code) => {
  expect(rewrite(code, what === 'no code' ? '/src/a.css' : undefined)).toBe(undefined)
})
