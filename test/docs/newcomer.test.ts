import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProject } from '../support/project.ts'
import { compileAsNewcomer } from '../support/tsc.ts'

const root = join(import.meta.dirname, '../..')

test('snippets of README and of Getting started compile with what `tsc --init` writes and what the page adds', () => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'app.ts': `import express from 'express'\nexport const app = express()`,
    // the reader's own, of which a snippet in README shows one line
    'around.d.ts': `declare const app: import('express').Express`,
  })
  symlinkSync(join(root, 'node_modules'), project.path('node_modules'), 'junction')
  let count = 0
  for (const page of ['README.md', 'docs/getting-started.md']) {
    const text = readFileSync(join(root, page), 'utf8')
    for (const [, code] of text.matchAll(/^```ts\n([\s\S]*?)^```/gm)) project.write(`snippet${count++}.ts`, code!)
  }
  expect(count).toBeGreaterThan(3)
  expect(compileAsNewcomer(project.root)).toBe('')
}, 60_000)
