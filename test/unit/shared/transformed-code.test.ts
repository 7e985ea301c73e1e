import { moduleRunnerTransform } from 'vite'
import { expect, test } from 'vitest'
import { exportsOf, hasLiteralImport, importsOf, isMaybeType } from '../../../src/shared/transformed-code.ts'

const statement = (n: number, specifier: string, names?: string[]): string =>
  `const __vite_ssr_import_${n}__ = await __vite_ssr_import__(${JSON.stringify(specifier)}${
    names ? `, ${JSON.stringify({ importedNames: names })}` : ''
  });\n`

test('imports are read with what they take', () => {
  const code = [
    statement(0, '/a.js', ['a', 'default']),
    statement(1, '/b.js'),
    statement(11, '/c "quoted".js'),
    'console.log(__vite_ssr_import_11__, (0,__vite_ssr_import_0__.a)());',
  ].join('')
  expect(importsOf(code).map(({ specifier, names }) => [specifier, names])).toEqual([
    ['/a.js', ['a', 'default']],
    ['/b.js', []],
    ['/c "quoted".js', '*'],
  ])
})

test('imports are found behind the semicolons that the transform puts between statements', async () => {
  const source = `import { q } from './q'\nexport * from './star'\nimport { z } from './z'\nexport * from './moon'\nq(z)`
  const { code } = (await moduleRunnerTransform(source, null, '/f.js', source))!
  expect(importsOf(code).map(({ specifier }) => specifier)).toEqual(['./q', './star', './z', './moon'])
  expect(exportsOf(code).stars).toEqual(['./star', './moon'])
})

test('imports are not found in text', () => {
  expect(importsOf(`  ${statement(0, '/a.js')}`)).toEqual([])
})

test('exports are read with the modules whose exports they include', () => {
  const code = `__vite_ssr_exportName__("a", () => { try { return a } catch {} });
__vite_ssr_exportName__("a \\"name\\"", () => { try { return b } catch {} });
${statement(0, '/star.js')}__vite_ssr_exportAll__(__vite_ssr_import_0__);
${statement(1, '/other.js')}const a = 1, b = 2`
  expect(exportsOf(code)).toEqual({ names: new Set(['a', 'a "name"']), stars: ['/star.js'], open: false })
})

test('exports are open where code assigns them', () => {
  expect(exportsOf('module.exports = {}').open).toBe(true)
  expect(exportsOf('exports.a = 1').open).toBe(true)
  expect(exportsOf('__vite_ssr_exports__.default = {"a":1}').open).toBe(true)
  expect(exportsOf('const exported = 1').open).toBe(false)
})

const use = '__vite_ssr_import_0__.User'
const code = (...lines: string[]) => `${statement(0, '/types.ts', ['User', 'Use'])}${lines.join('\n')}`
const isExcused = (text: string, file = '/a.ts') => isMaybeType(text, '/types.ts', 'User', file)
const guard = `typeof ${use} === "undefined" ? Object : ${use}`
const reexport = `__vite_ssr_exportName__("U", () => { try { return ${use} } catch {} });`

test.each([
  ['a guard', guard],
  ['several guards', `[${guard}, ${guard}]`],
  [
    'a guard of an inner name',
    `typeof ${use} === "undefined" || typeof ${use}.Inner === "undefined" ? Object : ${use}.Inner`,
  ],
  ['a guard the other way around', `typeof ${use} !== "undefined" && ${use}`],
  ['a re-export', reexport],
])('a missing name may be a type in %s', (_, line) => {
  expect(isExcused(code(line))).toBe(true)
})

test.each([
  ['is used as a value', `new ${use}()`],
  ['is used as a value beside a guard', `${guard}; new ${use}()`],
  ['is not used at all', ''],
  ['belongs to a longer name', `${use}name`],
])('a missing name is an error where it %s', (_, line) => {
  expect(isExcused(code(line))).toBe(false)
})

test('a missing name is an error in a re-export of a file that can have no types', () => {
  expect(isExcused(code(reexport), '/a.js')).toBe(false)
  expect(isExcused(code(reexport), '/a.vue')).toBe(true)
})

test('a literal import() is known by its specifier', () => {
  const code = `__vite_ssr_dynamic_import__("a"); __vite_ssr_dynamic_import__('b'); __vite_ssr_dynamic_import__(c)`
  expect(['a', 'b', 'c'].map((specifier) => hasLiteralImport(code, specifier))).toEqual([true, true, false])
})
