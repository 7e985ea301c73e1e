import { expect, test } from 'vitest'
import { type Evaluation, evaluation } from '../../support/evaluate.ts'

/** The lines of an error's stack that lie in the project, with its root cut off. */
async function frames({ root }: Pick<Evaluation, 'root'>, fn: () => unknown): Promise<string[]> {
  const error = await thrown(fn)
  return linesOf(error.stack!, root)
}

function linesOf(stack: string, root: string): string[] {
  const lines = stack.split('\n').filter((line) => line.includes(root))
  return lines.map((line) => line.trim().replaceAll(`${root}/`, ''))
}

async function thrown(fn: () => unknown): Promise<Error> {
  try {
    await fn()
  } catch (error) {
    return error as Error
  }
  throw new Error('It did not throw.')
}

const types = 'interface A {\n  a: string\n}\n\n'

test('stack traces name the source position of an error at top level, also on the first line', async () => {
  const project = await evaluation({
    'second.js': '// a comment\nthrow new Error("boom")\n',
    'first.js': 'throw new Error("boom")\n',
    'first.ts': 'import type { A } from "./x"; type B = A; throw new Error("boom")',
    'comment.ts': '// a comment\nthrow new Error("boom")',
    'hash.js': '#!/usr/bin/env node\nthrow new Error("boom")',
  })
  const where = async (id: string) => (await frames(project, () => project.load(id)))[0]
  expect(await where('/second.js')).toBe('at second.js:2:7')
  expect(await where('/first.js')).toBe('at first.js:1:7')
  expect(await where('/first.ts')).toBe('at first.ts:1:49')
  expect(await where('/comment.ts')).toBe('at comment.ts:2:7')
  expect(await where('/hash.js')).toBe('at hash.js:2:7')
})

test('stack traces name the source position in a long module, whose map is kept small', async () => {
  const filler = Array.from(
    { length: 500 },
    (_, n) => `${types.replace('A', `A${n}`)}export const v${n}: number = ${n}\n`,
  )
  const project = await evaluation({ 'long.ts': `${filler.join('')}throw new Error('boom')\n` })
  expect(await frames(project, () => project.load('/long.ts'))).toEqual(['at long.ts:2501:7'])
})

test('stack traces name functions and their callers through several modules', async () => {
  const project = await evaluation({
    'deep.ts': `${types}export function crash(): never {\n  throw new Error('crash')\n}\n`,
    'main.ts': `${types}import { crash } from './deep'\nexport function main(): void {\n  crash()\n}\n`,
    'top.js': 'import { main } from "./main.ts"\n\nmain()\n',
  })
  expect(await frames(project, () => project.load('/top.js'))).toEqual([
    'at crash (deep.ts:6:9)',
    'at main (main.ts:7:3)',
    'at top.js:3:1',
  ])
  const main = await project.load('/main.ts')
  expect((await frames(project, () => main.main()))[1]).toBe('at Module.main (main.ts:7:3)')
})

test('stack traces name methods, constructors, getters and asynchronous callers', async () => {
  const project = await evaluation({
    'a.ts': `export class Shop {
  constructor(fail?: boolean) { if (fail) throw new Error('new') }
  sell(): never { throw new Error('sell') }
  get stock(): never { throw new Error('get') }
}
async function crash(): Promise<never> {
  await Promise.resolve()
  throw new Error('crash')
}
export async function main(): Promise<void> {
  await crash()
}
export async function all(): Promise<void> {
  await Promise.all([crash()])
}
export default function () { throw new Error('default') }
`,
  })
  const { Shop, main, all, default: run } = await project.load('/a.ts')
  expect((await frames(project, () => new Shop(true)))[0]).toBe('at new Shop (a.ts:2:49)')
  expect((await frames(project, () => new Shop().sell()))[0]).toBe('at Shop.sell (a.ts:3:25)')
  expect((await frames(project, () => new Shop().stock))[0]).toMatch(/^at (Shop\.)?get stock.*\(a\.ts:4:30\)$/)
  expect(await frames(project, main)).toEqual(['at crash (a.ts:8:9)', 'at async main (a.ts:11:3)'])
  expect((await frames(project, all)).slice(0, 2)).toEqual(['at crash (a.ts:8:9)', 'at async all (a.ts:14:3)'])
  expect((await thrown(all)).stack).toContain('at async Promise.all (index 0)')
  expect((await frames(project, run))[0]).toBe('at default (a.ts:16:36)')
})

test('stack traces follow an edit, while functions of the old code keep their own lines', async () => {
  const project = await evaluation({
    'a.ts': `${types}export function boom(): never {\n  throw new Error('boom')\n}\n`,
  })
  const { runtime } = project.runner
  const old = await project.load('/a.ts')
  expect(await frames(project, () => old.boom())).toEqual(['at Module.boom (a.ts:6:9)'])

  project.write('a.ts', `// more\n\n\n${project.read('a.ts')}`.replace("'boom'", "'bang'"))
  const changed = await runtime.install(await project.saved('a.ts'))
  expect(changed).toEqual([project.path('a.ts')])
  runtime.detach(changed)
  const renewed = await project.load('/a.ts')
  expect(await frames(project, () => renewed.boom())).toEqual(['at Module.boom (a.ts:9:9)'])
  expect(await frames(project, () => old.boom())).toEqual(['at Module.boom (a.ts:6:9)'])
})

test('stack traces follow an edit that moves lines without changing the code', async () => {
  const project = await evaluation({ 'a.ts': `export function boom(): never {\n  throw new Error('boom')\n}\n` })
  const { boom } = await project.load('/a.ts')
  project.write('a.ts', `interface Added {\n  a: 1\n}\n${project.read('a.ts')}`)
  expect(await project.runner.runtime.install(await project.saved('a.ts'))).toEqual([])
  expect(await frames(project, boom)).toEqual(['at boom (a.ts:5:9)'])
})

test('stack traces follow a cache that was cleared', async () => {
  const project = await evaluation({ 'a.ts': `export function boom(): never {\n  throw new Error('boom')\n}\n` })
  await project.load('/a.ts')
  project.write('a.ts', `\n\n\n\n\n${project.read('a.ts')}\n`)
  project.runner.moduleCache.clear()
  project.server.environments.ssr.moduleGraph.invalidateAll()
  const { boom } = await project.load('/a.ts')
  expect(await frames(project, boom)).toEqual(['at boom (a.ts:7:9)'])
})

test('stack traces use the source map that a file brings along', async () => {
  const map = { version: 3, sources: ['original.ts'], names: [], mappings: 'AAUA,SAAS;AACP' }
  const inline = Buffer.from(JSON.stringify(map)).toString('base64')
  const project = await evaluation({
    'a.js': `export function boom() {\n  throw new Error('boom') }\n//# source${''}MappingURL=data:application/json;base64,${inline}\n`,
  })
  const { boom } = await project.load('/a.js')
  expect((await frames(project, boom))[0]).toMatch(/^at boom \(original\.ts:12:\d+\)$/)
})

test('stack traces use a source map of several sources that lies beside the file', async () => {
  const map = {
    version: 3,
    file: 'dist.js',
    sources: ['entry.js', 'nested/other.js', null],
    names: [],
    mappings: 'AAAA,MAAM;ACAN,MAAM',
  }
  const project = await evaluation({
    'src/dist.js': `export const one = () => { throw new Error('one') }\nexport const two = () => { throw new Error('two') }\n//# source${''}MappingURL=dist.js.map\n`,
    'src/dist.js.map': JSON.stringify(map),
  })
  const { one, two } = await project.load('/src/dist.js')
  expect((await frames(project, one))[0]).toMatch(/^at one \(src\/entry\.js:1:\d+\)$/)
  expect((await frames(project, two))[0]).toMatch(/^at two \(src\/nested\/other\.js:1:\d+\)$/)
})

test('stack traces are not confused by text that looks like a source map', async () => {
  const project = await evaluation({
    'a.ts': `type A = string
export const text: A = '//# source${''}MappingURL=data:application/json;base64,invalid'
export function boom(): never {
  throw new Error('boom')
}`,
  })
  const { boom, text } = await project.load('/a.ts')
  expect(text).toContain('invalid')
  expect(await frames(project, boom)).toEqual(['at boom (a.ts:4:9)'])
})

test('stack traces stay as they are where a map has nothing to say', async () => {
  const empty = { name: 'empty', transform: (code: string) => ({ code, map: { mappings: '' as const } }) }
  const project = await evaluation(
    { 'a.js': 'export const boom = () => { throw new Error("boom") }' },
    { config: { plugins: [empty] } },
  )
  const { boom } = await project.load('/a.js')
  expect((await frames(project, boom))[0]).toMatch(/^at boom \(a\.js:\d+:\d+\)$/)
})

test('stack traces leave the columns of externals alone', async () => {
  const padding = 'var padding = "................................................................"; '
  const project = await evaluation({
    'node_modules/far/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/far/index.js': `${padding}export function outer(fn) { return fn() }`,
    'a.js': 'import { outer } from "far"\n\nfunction user() {\n  throw new Error("x")\n}\n\nouter(user)\n',
  })
  const lines = await frames(project, () => project.load('/a.js'))
  expect(lines).toEqual([
    'at user (a.js:4:9)',
    `at outer (file://node_modules/far/index.js:1:${padding.length + 36})`,
    'at a.js:7:1',
  ])
})

test('stack traces map causes, aggregated errors, eval and what is only logged', async () => {
  const project = await evaluation({
    'a.ts': `${types}export function cause(): never {
  try { JSON.parse('{') } catch (error) { throw new Error('outer', { cause: new Error('inner') }) }
}
export const many = () => new AggregateError([new Error('one')], 'many')
export const logged = () => new Error('logged').stack
export const evaluated = () => (0, eval)('(f) => f()')(() => { throw new Error('in eval') })
export const made = () => { eval('throw new Error("direct")') }
`,
  })
  const { cause, many, logged, evaluated, made } = await project.load('/a.ts')
  const outer = await thrown(cause)
  expect(linesOf(outer.stack!, project.root)[0]).toBe('at cause (a.ts:6:49)')
  expect(linesOf((outer.cause as Error).stack!, project.root)[0]).toBe('at cause (a.ts:6:77)')
  expect(linesOf(many().errors[0].stack, project.root)[0]).toBe('at many (a.ts:8:47)')
  expect(linesOf(logged(), project.root)[0]).toBe('at logged (a.ts:9:29)')
  expect((await frames(project, evaluated))[0]).toMatch(/\(?a\.ts:10:70\)?$/)
  expect((await frames(project, made))[0]).toMatch(/eval at made \(a\.ts:11:29\)/)
})

test('stack traces read call sites in source positions', async () => {
  const project = await evaluation({
    'a.ts': `${types}export function sites() {
  const previous = Error.prepareStackTrace
  Error.prepareStackTrace = (_, all) => all
  const all = new Error().stack
  Error.prepareStackTrace = previous
  return all
}`,
  })
  const { sites } = await project.load('/a.ts')
  // whoever replaces the hook has V8's own sites, as without us
  expect(sites()[0].getFileName()).toBe(project.path('a.ts'))
  const { stack } = new Error('back again')
  expect(stack).toContain('evaluate-stack.test.ts')
})

test('stack traces keep the hook of several runners apart', async () => {
  const one = await evaluation({ 'a.ts': `${types}export const boom = () => { throw new Error('boom') }` })
  const two = await evaluation({ 'a.ts': `${types}${types}export const boom = () => { throw new Error('boom') }` })
  const same = one.another()
  const [first, second, third] = [await one.load('/a.ts'), await two.load('/a.ts'), await same.import('/a.ts')]
  expect(await frames(one, first.boom)).toEqual(['at boom (a.ts:5:35)'])
  expect(await frames(two, second.boom)).toEqual(['at boom (a.ts:9:35)'])
  expect(await frames(one, third.boom)).toEqual(['at boom (a.ts:5:35)'])
})
