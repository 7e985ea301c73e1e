/** A name that a package or a builtin does not export: Node is asked before the process that runs is given up. Nothing of a package runs for that. */
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'

const MAIN = (imports: string) => `${imports}\nconsole.log('runs ' + process.pid)\nsetInterval(() => {}, 1000)`

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': MAIN(
    "import './dep.ts'; import './dep.js'; import './awaits.ts'; import './compiled/dep.ts'; import './compiled/dep.js'; import('./lazy.ts')",
  ),
  'src/dep.ts': '',
  'src/dep.js': 'export {}',
  'src/awaits.ts': 'await null',
  'src/lazy.ts': 'export {}',
  'src/compiled/package.json': '{}',
  'src/compiled/dep.ts': '',
  'src/compiled/dep.js': 'export {}',
  'node_modules/esm/package.json': '{ "type": "module", "exports": { ".": "./index.js", "./part": "./part.js" } }',
  'node_modules/esm/index.js': "export * from './part.js'; export const a = 1; console.log('esm has run')",
  'node_modules/esm/part.js': "export { a as again } from './index.js'; export default 1",
  'node_modules/cjs/package.json': '{}',
  'node_modules/cjs/index.js': "exports.a = 1; exports['dynam' + 'ic'] = 2; console.log('cjs has run')",
  'node_modules/loaded/package.json': '{ "type": "module", "main": "index.js" }',
  'node_modules/loaded/index.js': "import { gone } from 'esm'; export const a = 1",
}

/** Code that is saved, and words that are told of it. */
const BAD: [file: string, code: string, told: RegExp, place: string][] = [
  ['dep.ts', "import { nope } from 'node:fs'; nope()", /'node:fs' .* 'nope'/, 'dep.ts:1:10'],
  ['dep.ts', "import { join, jion } from 'path'; jion(join)", /'path' .* 'jion'.*Did you mean 'join'/, 'dep.ts:1:16'],
  ['dep.ts', "import { again, gone } from 'esm'; gone(again)", /'esm' .* 'gone'/, 'dep.ts:1:17'],
  ['dep.ts', "import whole from 'esm'; whole()", /'esm' .* 'default'/, 'dep.ts:1:20'],
  ['dep.ts', "import { part } from 'esm/part'; part()", /'esm\/part' .* 'part'/, 'dep.ts:1:10'],
  ['dep.ts', "import { a, dynamic } from 'cjs'; dynamic(a)", /'dynamic' not found.*'cjs' is a CommonJS/, 'dep.ts:1:13'],
  ['dep.js', "export { nope } from 'node:os'", /'node:os' .* 'nope'/, 'dep.js:1:10'],
  ['awaits.ts', "import { slow } from 'esm'; await slow", /'esm' .* 'slow'/, 'awaits.ts:1:10'],
  ['compiled/dep.ts', "import { gone } from 'esm'; gone()", /'esm' .* 'gone'/, 'compiled/dep.ts:1:10'],
  ['compiled/dep.js', "import { dynamic } from 'cjs'; dynamic()", /'dynamic' not found/, 'compiled/dep.js:1:10'],
  ['compiled/dep.js', "export { nope } from 'node:os'", /'node:os' .* 'nope'/, 'compiled/dep.js:1:10'],
  ['lazy.ts', "import { lazily } from 'esm'; lazily()", /'esm' .* 'lazily'/, 'lazy.ts:1:10'],
]

test.each([true, false])('the process runs on, with standby: %s', async (standby) => {
  const { project, hub, line, lines } = await startApp(FILES, { standby })
  await line(/^runs/)
  await expect.poll(() => hub.runners[0]).toMatchObject({ state: 'ready' })
  const { pid } = hub.runners[0]!
  let broken = BAD[0]![0]
  for (const [file, code, told, place] of BAD) {
    const before = lines.length
    const said = () => lines.slice(before).join('\n')
    project.write(`src/${file}`, code)
    if (broken !== file) project.write(`src/${broken}`, FILES[`src/${broken}` as keyof typeof FILES])
    broken = file
    await expect.poll(said, { message: code }).toMatch(told)
    await expect.poll(said, { message: code }).toContain('still runs the code from before')
    expect(said()).toContain(`your code failed: src/${place}`)
    await expect(hub.restart(), code).rejects.toThrow(told)
    expect(hub.runners[0], code).toMatchObject({ pid, state: 'ready' })
  }
  expect(lines.join('\n')).not.toContain('has run')
  project.write(`src/${broken}`, 'export const good = 1')
  await expect.poll(() => hub.runners[0]!.pid).not.toBe(pid)
  await expect.poll(() => hub.runners[0]).toMatchObject({ state: 'ready', current: true })
})

test('what Node links, or may, is left to it', async () => {
  const app = await startApp({ ...FILES, 'src/main.ts': MAIN("import './dep.ts'; import './compiled/dep.ts'") })
  await app.line(/^runs/)
  const compiled = [
    "import { a, dynamic, nope } from 'cjs'",
    "import { nope as newer } from 'node:os'",
    "export { nope } from 'cjs'",
    "console.log('compiled ' + [a, dynamic, typeof nope, typeof newer])",
  ]
  app.project.write('src/compiled/dep.ts', compiled.join('\n'))
  await app.line(/^compiled 1,2,undefined,undefined$/)
  const imports = [
    "import whole, { a } from 'cjs'",
    "import { again, a as other } from 'esm'",
    "import part from 'esm/part'",
    "import * as fs from 'fs'",
    "import os, { EOL } from 'node:os'",
    "import { type Nothing, join } from 'path'",
    "export { Type } from 'esm'",
    "import { keep } from 'vite-tether/keep'",
    "const maybe = await import('loaded').catch(() => 'none')",
    'console.log("linked " + [whole.dynamic, a, again, other, part, typeof fs, typeof os, EOL.length, typeof join, typeof keep, maybe])',
  ]
  app.project.write('src/dep.ts', imports.join('\n'))
  await app.line(/^linked 2,1,1,1,1,object,object,1,function,function,none$/)
  await expect.poll(() => app.hub.runners[0]).toMatchObject({ state: 'ready', current: true })
  expect(app.lines.join('\n')).not.toMatch(/still runs|does not provide/)
})
