import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { compileAsNewcomer } from '../support/tsc.ts'
import { recipes } from './recipe.ts'
import { installTether, modules } from './support.ts'

beforeAll(installTether)

test('all recipes compile with what `tsc --init` writes and what Getting started adds', () => {
  mkdirSync(join(import.meta.dirname, '.tmp'), { recursive: true })
  const root = mkdtempSync(join(import.meta.dirname, '.tmp/types-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  symlinkSync(modules, join(root, 'node_modules'), 'junction')
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  for (const { title, files } of recipes) {
    for (const [file, code] of files) {
      const path = join(root, title.replaceAll(/\W+/g, '-'), file)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, code)
    }
  }
  expect(compileAsNewcomer(root)).toBe('')
}, 120_000)
