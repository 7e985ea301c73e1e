/** A name that a module does not export shows where modules are linked. The process that runs is not given up for one that could not be. */
import { mkdirSync, symlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { createProject } from '../../support/project.ts'
import { startServer } from '../../support/tether.ts'

const MAIN = (imports: string) => `${imports}\nconsole.log('runs ' + process.pid)\nsetInterval(() => {}, 1000)`

const FILES = {
  'package.json': '{ "type": "module" }',
  'src/main.ts': MAIN(
    "import './dep.ts'; import './dep.js'; import './awaits.ts'; import('./lazy.ts'); import './uses.ts'",
  ),
  'src/dep.ts': 'export {}',
  'src/dep.js': 'export {}',
  'src/awaits.ts': 'await null',
  'src/uses.ts': "import { here } from './b.ts'; console.log('here ' + here)",
  'src/lazy.ts': 'export {}',
  'src/a.js': 'export const here = 1; export default 2',
  'src/b.ts': "export * from './a.js'; export const b = 1",
  'src/barrel.ts': "export * from './b'; export * from './c.js'",
  'src/c.js': "export const c = 1; export * from './barrel'",
  'src/cycle.js': "import './dep.ts'; export const cycle = 1",
  'src/data.json': '{ "here": 1 }',
}

/** Code that is saved, and words that are told of it: the name, its module, the place, the way out. */
const BAD: [what: string, file: string, code: string, told: RegExp, place: string][] = [
  ['a name', 'dep.ts', "import { hare } from './a.js'; hare()", /a.js' .* 'hare'.*Did you mean 'here'/, 'dep.ts:1:10'],
  ['one of them', 'dep.ts', "import {\n  here,\n  gone as x,\n} from './a'\nx(here)", /a.js' .* 'gone'/, 'dep.ts:3:3'],
  ['a default', 'dep.ts', "import whole from './b'; whole()", /b.ts' .* 'default'/, 'dep.ts:1:20'],
  [
    'of a barrel',
    'dep.ts',
    "import { here, b, c, d } from './barrel'; d(here, b, c)",
    /barrel.ts' .* 'd'/,
    'dep.ts:1:22',
  ],
  ['in a cycle', 'dep.ts', "import { circle } from './cycle.js'; () => circle", /cycle.js' .* 'circle'/, 'dep.ts:1:10'],
  ['of JSON', 'dep.ts', "import { there } from './data.json'; there()", /data.json' .* 'there'/, 'dep.ts:1:10'],
  [
    'of a link',
    'dep.ts',
    "import { linked, missed } from 'linked'; missed(linked)",
    /.* 'missed'/,
    '/src/dep.ts imports',
  ],
  ['where it was', 'a.js', 'export const there = 1', /b.ts' .* 'here'/, 'uses.ts:1:10'],
  ['a re-export', 'dep.js', "export { nope as here } from './c.js'", /c.js' .* 'nope'/, 'dep.js:1:10'],
  ['its default', 'dep.js', "export { default as it } from './barrel'", /barrel.ts' .* 'default'/, 'dep.js:1:10'],
  ['top-level await', 'awaits.ts', "import { slow } from './a.js'; await slow", /a.js' .* 'slow'/, 'awaits.ts:1:10'],
  ['behind import()', 'lazy.ts', "import { lazily } from './a.js'; lazily()", /a.js' .* 'lazily'/, 'lazy.ts:1:10'],
]

test.each([true, false])('the process runs on, with standby: %s', async (standby) => {
  const project = createProject(FILES)
  mkdirSync(project.path('node_modules'))
  const linked = createProject({
    'package.json': '{ "name": "linked", "type": "module", "exports": "./index.js" }',
    'index.js': 'export const linked = 1',
  })
  symlinkSync(linked.root, project.path('node_modules/linked'))
  const { hub, line, lines } = await startServer(project.root, { entry: 'src/main.ts', standby })
  await line(/^runs/)
  await expect.poll(() => hub.runners[0]).toMatchObject({ state: 'ready' })
  const { pid } = hub.runners[0]!
  let broken = BAD[0]![1]
  for (const [what, file, code, told, place] of BAD) {
    const before = lines.length
    const said = () => lines.slice(before).join('\n')
    project.write(`src/${file}`, code)
    if (broken !== file) project.write(`src/${broken}`, FILES[`src/${broken}` as keyof typeof FILES])
    broken = file
    await expect.poll(said, { message: what }).toMatch(told)
    await expect.poll(said, { message: what }).toContain('still runs the code from before')
    expect(said(), what).toContain(place)
    // whoever asks for a new process then
    await expect(hub.restart(), what).rejects.toThrow(told)
    expect(hub.runners[0], what).toMatchObject({ pid, state: 'ready' })
  }
  project.write(`src/${broken}`, 'export const good = 1')
  await expect.poll(() => hub.runners[0]!.pid).not.toBe(pid)
  await expect.poll(() => hub.runners[0]).toMatchObject({ state: 'ready', current: true })
})

test('an import that finds its name, or may find it, holds up nothing', async () => {
  const app = await startApp(
    {
      'package.json': '{}',
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
      'src/main.ts': MAIN("import('./optional.ts').catch(() => console.log('without it'))"),
      'src/optional.ts': "export { nothing } from './a.js'; import { missing } from './a.js'; console.log(missing)",
      'src/a.js': 'export const a = 1, both = 1',
      'src/b.js': 'export const b = 1, both = 2',
      'src/types.ts': 'export interface Type { a: 1 }; export class Value {}',
      'src/reexport.ts': "export { Type, Value } from './types'",
      'src/decorated.ts':
        "import { Type, Value } from './reexport'\nconst d = (...all: any[]) => {}\nexport class C { constructor(@d a: Type, @d b: Value) {} }",
      'src/common.cjs': 'module.exports = { a: 1 }; for (const b of ["b", "c"]) exports[b] = module.exports[b] = 1',
      'src/star.js': "export * from './common.cjs'; export * from './a.js'",
      'src/stars.js': "export * from './a.js'; export * from './b.js'; export * from './stars-too.js'",
      'src/stars-too.js': "export * from './stars.js'; export const own = 1; export { b as 'a string' } from './b.js'",
      'src/package.js': "export * from 'packed'",
      'node_modules/packed/package.json': '{ "main": "index.js" }',
      'node_modules/packed/index.js': 'exports.packed = 1',
    },
    { entry: 'src/main.ts' },
  )
  await app.line(/^without it$/)
  const imports = `
    import './decorated'
    import common, { b } from './common.cjs'
    import { c, a } from './star.js'
    import { own, both, 'a string' as text } from './stars.js'
    import { packed } from './package.js'
    import * as all from './a.js'
    import { type Type, Value } from './types'
    import('./optional.ts').catch(() => console.log('still without'))
    console.log(common, b, c, a, own, both, text, packed, all.missing, Value)`
  app.project.write('src/main.ts', MAIN(imports))
  await app.line(/^still without$/)
  await expect.poll(() => app.hub.runners[0]).toMatchObject({ state: 'ready', current: true })
  expect(app.lines.join('\n')).not.toMatch(/still runs|does not provide/)
})
