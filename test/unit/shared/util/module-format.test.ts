import { expect, test } from 'vitest'
import { declaredFormat, isCommonJsCode, needsCommonJs } from '../../../../src/shared/util/module-format.ts'
import { createProject } from '../../../support/project.ts'

test('an extension says what a file is, else its package does, if it says anything', () => {
  const { path } = createProject({
    'esm/package.json': '{ "type": "module" }',
    'esm/inner/package.json': '{}',
    'cjs/package.json': '{ "type": "commonjs" }',
    'broken/package.json': '{',
  })
  const declared = (file: string) => declaredFormat(path(file))
  expect(['esm/a.cjs', 'esm/a.cts', 'cjs/a.mjs', 'cjs/a.mts'].map(declared)).toEqual([
    ...['commonjs', 'commonjs'],
    ...['module', 'module'],
  ])
  expect(['esm/a.js', 'esm/deep/er/a.ts'].map(declared)).toEqual(['module', 'module'])
  expect(['esm/inner/a.js', 'cjs/a.js', 'broken/a.js'].map(declared)).toEqual([undefined, undefined, undefined])
})

test.each([
  ['return 1', true],
  ['#!/usr/bin/env node\nmodule.exports = 010', true],
  ['with (a) b', true],
  ['import("x")', true],
  ['import x from "x"', false],
  ['export {}', false],
  ['import.meta.url', false],
  ['await x', false],
  ['syntax error(', false],
])('%j may be CommonJS: %s', (code, expected) => {
  expect(isCommonJsCode(code)).toBe(expected)
})

test.each([
  ['module.exports = 1', true],
  ['exports.a = 1', true],
  ["require('x')", true],
  ['log(__dirname)', true],
  ['var a = 010', true],
  ['return', true],
  ["log('hello')", false],
  ['a.require(b.module)', false],
  ["import('x')", false],
  ["import 'x'; require('y')", false],
])('%j has to be CommonJS: %s', (code, expected) => {
  expect(needsCommonJs(code)).toBe(expected)
})
