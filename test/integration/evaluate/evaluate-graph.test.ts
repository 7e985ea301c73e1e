import v8 from 'node:v8'
import vm from 'node:vm'
import { expect, test } from 'vitest'
import { type Evaluation, evaluation } from '../../support/evaluate.ts'

const app = {
  'entry.js':
    'import { mid } from "./mid.js"; import "./side.js"; export const value = () => mid(); export const later = () => import("./lazy.js")',
  'mid.js':
    'import { leaf as renamed } from "./leaf.js"; import * as all from "./leaf.js"; export const mid = () => renamed + Object.keys(all).length',
  'leaf.js': 'export const leaf = "leaf"; export default 1',
  'side.js': 'globalThis.side = (globalThis.side ?? 0) + 1',
  'lazy.js': 'export { leaf } from "./leaf.js"; export * from "./side.js"',
}

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc') as () => void

/** Short names for ids. */
const names = ({ root }: Evaluation, ids: Iterable<string>): string[] =>
  [...ids].map((id) => id.replace(`${root}/`, '')).sort()

test('the graph has an edge for each import, literal import() before it has run included', async () => {
  const project = await evaluation(app)
  await project.load('/entry.js')
  const { runtime } = project.runner
  const node = (file: string) => runtime.node(project.path(file))!
  expect(names(project, node('entry.js').imports)).toEqual(['lazy.js', 'mid.js', 'side.js'])
  expect(names(project, node('leaf.js').importers)).toEqual(['mid.js'])
  expect(runtime.node(project.path('lazy.js'))).toBeUndefined()
  expect([...runtime.roots()]).toEqual([project.path('entry.js')])
  expect(node('leaf.js')).toMatchObject({ id: project.path('leaf.js'), url: '/leaf.js', evaluated: true })
  expect(node('leaf.js').exportNames().toSorted()).toEqual(['default', 'leaf'])
  await (await project.load('/entry.js')).later()
  expect(names(project, node('leaf.js').importers)).toEqual(['lazy.js', 'mid.js'])
})

test('the graph lists ids in the order of their first evaluation, whatever is evaluated again', async () => {
  const project = await evaluation(app)
  await project.load('/entry.js')
  const { runtime } = project.runner
  const before = [...runtime.ids()]
  expect(before.map((id) => id.replace(`${project.root}/`, ''))).toEqual(['leaf.js', 'mid.js', 'side.js', 'entry.js'])
  runtime.detach([project.path('leaf.js')])
  await runtime.evaluate(project.path('leaf.js'))
  expect([...runtime.ids()]).toEqual(before)
})

test('the graph knows what each importer takes', async () => {
  const project = await evaluation({
    ...app,
    'taker.js': `import def, { leaf } from "./leaf.js"; import "./side.js"; import { mid } from "./mid.js"; export * from "./lazy.js"
        export const load = (name) => import(name); export const seen = [def, leaf, mid]`,
  })
  const { load } = await project.load('/taker.js')
  await project.load('/entry.js')
  await load('./entry.js')
  const taken = (dep: string) => project.runner.runtime.node(project.path('taker.js'))!.importedNames(project.path(dep))
  expect(taken('leaf.js')).toEqual(['default', 'leaf'])
  expect(taken('side.js')).toEqual([])
  expect(taken('mid.js')).toEqual(['mid'])
  expect(taken('lazy.js')).toBe('*')
  expect(taken('entry.js')).toBe('*')
  expect(project.runner.runtime.node(project.path('mid.js'))!.importedNames(project.path('leaf.js'))).toBe('*')
})

test('the graph keeps the edges of importers that live when a dependency is replaced', async () => {
  const project = await evaluation(app)
  await project.load('/entry.js')
  const { runtime } = project.runner
  const leaf = project.path('leaf.js')
  runtime.detach([leaf])
  expect(runtime.node(leaf)).toBeUndefined()
  await runtime.evaluate(leaf)
  expect(names(project, runtime.node(leaf)!.importers)).toEqual(['mid.js'])
  runtime.detach([project.path('mid.js')])
  expect(names(project, runtime.node(leaf)!.importers)).toEqual([])
})

test('the graph keeps the edge of a computed import() over a new evaluation of the importer', async () => {
  const project = await evaluation({
    'a.js': 'export const load = (name) => import(name)',
    'b.js': 'export const b = 1',
  })
  await (await project.load('/a.js')).load('./b.js')
  const { runtime } = project.runner
  runtime.detach([project.path('a.js')])
  await runtime.evaluate(project.path('a.js'))
  expect(names(project, runtime.node(project.path('a.js'))!.imports)).toEqual(['b.js'])
  expect(names(project, runtime.node(project.path('b.js'))!.importers)).toEqual(['a.js'])
})

test('the graph follows what a user of vite-node takes out of the cache', async () => {
  const project = await evaluation(app)
  await project.load('/entry.js')
  const { moduleCache, runtime } = project.runner
  moduleCache.delete(project.path('mid.js'))
  expect(names(project, runtime.ids())).toEqual(['entry.js', 'leaf.js', 'side.js'])
  expect(names(project, runtime.node(project.path('leaf.js'))!.importers)).toEqual([])
})

test('the graph finds ids by URL, path, file URL, id and by what the owner wrote', async () => {
  const project = await evaluation(app)
  await project.load('/entry.js')
  const { runtime } = project.runner
  const id = project.path('leaf.js')
  const owner = project.path('mid.js')
  for (const name of ['/leaf.js', id, `file://${id}`, './leaf.js', `/@fs${id}`])
    expect(runtime.toId(name, owner)).toBe(id)
  expect(runtime.toId('/not/loaded.js')).toBe(project.path('not/loaded.js'))
  expect(runtime.toId('/@id/__x00__virtual:x')).toBe('\0virtual:x')
  expect(runtime.toUrl(id)).toBe('/leaf.js')
  expect(runtime.toUrl(project.path('other.js'))).toBe('/other.js')
  expect(await runtime.resolve('./leaf')).toBe(id)
})

test('replacing instances evaluates current code for what has no instance, and leaves the rest alone', async () => {
  const project = await evaluation(app)
  const entry = await project.load('/entry.js')
  const { runtime } = project.runner
  const sides = (globalThis as unknown as { side: number }).side
  project.edit('leaf.js', '"leaf"', '"new"')
  expect(await runtime.install(await project.saved('leaf.js'))).toEqual([project.path('leaf.js')])
  expect(entry.value()).toBe('leaf2')
  const replaced = ['entry.js', 'mid.js', 'leaf.js'].map(project.path)
  await runtime.prepare([project.path('entry.js')], new Set(replaced))
  runtime.detach(replaced)
  const again = await runtime.evaluate(project.path('entry.js'))
  expect(again.value()).toBe('new2')
  expect(again).not.toBe(entry)
  expect((globalThis as unknown as { side: number }).side).toBe(sides)
})

test('replacing instances ignores records that are not newer', async () => {
  const project = await evaluation(app)
  await project.load('/leaf.js')
  const old = await project.saved('leaf.js')
  project.edit('leaf.js', '"leaf"', '"new"')
  const current = await project.saved('leaf.js')
  const { runtime } = project.runner
  expect(await runtime.install(current)).toHaveLength(1)
  await runtime.install(old)
  runtime.detach([project.path('leaf.js')])
  expect((await project.load('/leaf.js')).leaf).toBe('new')
})

test('replacing instances does not compile unchanged code again, not even when its lines have moved', async () => {
  const project = await evaluation({ 'a.ts': 'export const fn = () => {}' })
  const { runtime, moduleCache } = project.runner
  const id = project.path('a.ts')
  const compiled = () => (moduleCache.get(id) as { stored?: { compiled: unknown } }).stored?.compiled
  const before = await project.load('/a.ts')
  const first = compiled()
  project.write('a.ts', 'interface Added {}\n\nexport const fn = () => {}')
  await runtime.install(await project.saved('a.ts'))
  runtime.detach([id])
  const after = await runtime.evaluate(id)
  expect(after.fn).not.toBe(before.fn)
  expect(compiled()).toBe(first)
})

test('replacing instances puts instances back as they were, over what was evaluated since', async () => {
  const project = await evaluation(app)
  const entry = await project.load('/entry.js')
  const { runtime } = project.runner
  const ids = ['mid.js', 'leaf.js'].map(project.path)
  const detached = runtime.detach(ids)
  expect(detached.map(({ id }) => id)).toEqual(ids)
  await runtime.evaluate(project.path('mid.js'))
  const mid = await project.load('/mid.js')
  runtime.attach(detached)
  expect(await project.load('/mid.js')).not.toBe(mid)
  expect(await project.load('/entry.js')).toBe(entry)
  expect(names(project, runtime.node(project.path('leaf.js'))!.importers)).toEqual(['mid.js'])
})

test('replacing instances evaluates previous code again into the namespace that importers hold', async () => {
  const project = await evaluation({
    'entry.js':
      'import { made, get } from "./store.js"; import * as store from "./store.js"; export const seen = () => [made, get(), store.extra]',
    'store.js':
      'export const made = globalThis.made = (globalThis.made ?? 0) + 1; let v = made; export const get = () => v; export * from "./extra.js"',
    'extra.js': 'export const extra = globalThis.extra = (globalThis.extra ?? 0) + 1',
  })
  const { seen } = await project.load('/entry.js')
  const [first, , extra] = seen()
  const { runtime } = project.runner
  const id = project.path('store.js')
  const namespace = await project.load('/store.js')
  project.edit('store.js', 'export const made', 'throw new Error("new code"); export const made')
  await runtime.install(await project.saved('store.js'))
  const detached = runtime.detach([id, project.path('extra.js')])
  await expect(runtime.evaluate(id)).rejects.toThrow('new code')
  runtime.attach(detached)
  expect(seen()).toEqual([first, first, extra])
  for (const instance of detached.toReversed()) await runtime.reevaluate(instance)
  expect(seen()).toEqual([first + 1, first + 1, expect.any(Number)])
  const [, , second] = seen()
  expect(second).toBeGreaterThan(extra)
  runtime.detach([project.path('extra.js')])
  await runtime.reevaluate(detached[0]!)
  expect(seen()[2]).toBeGreaterThan(second)
  expect(await project.load('/store.js')).toBe(namespace)
  expect(Object.isSealed(namespace)).toBe(true)
})

test('replacing instances keeps an instance whose previous code throws when it is evaluated again', async () => {
  const project = await evaluation({
    'a.js': 'export const a = 1; if (globalThis.broken) throw new Error("only now")',
  })
  const before = await project.load('/a.js')
  const { runtime } = project.runner
  const [instance] = runtime.detach([project.path('a.js')])
  Object.assign(globalThis, { broken: true })
  await expect(runtime.reevaluate(instance!)).rejects.toThrow('only now')
  Object.assign(globalThis, { broken: false })
  expect(await project.load('/a.js')).toBe(before)
  expect(runtime.node(project.path('a.js'))?.evaluated).toBe(true)
})

test('replacing instances lists what failed until new code comes, but has no node for it', async () => {
  const project = await evaluation({ 'a.js': 'import "./b.js"', 'b.js': 'throw new Error("boom")' })
  await expect(project.load('/a.js')).rejects.toThrow('boom')
  const { runtime } = project.runner
  expect(names(project, runtime.ids())).toEqual(['a.js', 'b.js'])
  expect(runtime.node(project.path('b.js'))).toBeUndefined()
  expect([...runtime.roots()]).toEqual([project.path('a.js')])
  project.write('b.js', 'export {}')
  await runtime.install(await project.saved('b.js'))
  expect([...runtime.ids()]).toEqual([])
  await project.load('/a.js')
})

test('replacing instances settles when the evaluations under way have ended, well or not', async () => {
  const waits: (() => void)[] = []
  Object.assign(globalThis, { waitInTurn: () => new Promise<void>((resolve) => waits.push(resolve)) })
  const project = await evaluation({ 'a.js': 'await waitInTurn(); throw new Error("boom")', 'b.js': 'export {}' })
  await project.load('/b.js')
  const loading = project.load('/a.js').catch(() => 'failed')
  await expect.poll(() => waits.length).toBe(1)
  const isSettled = project.runner.runtime.settled([project.path('a.js'), project.path('b.js')]).then(() => 'settled')
  expect(await Promise.race([isSettled, Promise.resolve('running')])).toBe('running')
  waits[0]!()
  expect(await isSettled).toBe('settled')
  expect(await loading).toBe('failed')
})

test('replacing instances releases what was replaced', async () => {
  const project = await evaluation({
    'a.js': 'export const big = new Array(1000).fill("x"); export const fn = () => big',
  })
  const { runtime } = project.runner
  const id = project.path('a.js')
  const released: WeakRef<object>[] = []
  for (let round = 0; round < 5; round++) {
    released.push(new WeakRef(await project.load('/a.js')))
    project.write('a.js', `export const big = new Array(1000).fill("${round}"); export const fn = () => big`)
    await runtime.install(await project.saved('a.js'))
    runtime.detach([id])
  }
  const held = () => {
    collectGarbage()
    return released.filter((reference) => reference.deref()).length
  }
  await expect.poll(held).toBe(0)
})

const broken = async (files: Record<string, string>, root = '/a.js') => {
  const project = await evaluation({
    'a.js': 'import { b } from "./b.js"; export const a = b',
    'b.js': 'export const b = 1',
    ...files,
  })
  await project.load(root)
  const { runtime } = project.runner
  const change = async (file: string, content: string) => {
    project.write(file, content)
    await runtime.install(await project.saved(file))
    const replaced = new Set([project.path(file), project.path('a.js')])
    return runtime.prepare([project.path('a.js')], replaced)
  }
  return { ...project, runtime, change }
}

test('preparing fetches what new code imports before anything is touched', async () => {
  const { change, write, runtime, load, asked } = await broken({})
  const before = await load('/a.js')
  write('c.js', 'export const c = 2')
  await change('b.js', 'export { c as b } from "./c.js"')
  expect(await load('/a.js')).toBe(before)
  const known = asked.length
  runtime.detach([...runtime.ids()])
  expect((await load('/a.js')).a).toBe(2)
  expect(asked.length - known).toBe(1)
})

test('preparing throws for a name that new code no longer exports', async () => {
  const { change } = await broken({})
  await expect(change('b.js', 'export const other = 1')).rejects.toThrow(
    /'\/b\.js' does not provide an export named 'b', which \/a\.js imports/,
  )
})

test('preparing throws for a name that new code asks of a module that stays', async () => {
  const { change } = await broken({
    'b.js': 'export * from "./c.js"; export const b = 1',
    'c.js': 'export const c = 1',
  })
  await change('a.js', 'import { c } from "./b.js"; export const a = c')
  await expect(change('a.js', 'import { absent } from "./b.js"; export const a = absent')).rejects.toThrow('absent')
})

test('preparing throws for a module that could not be transformed, if it is needed', async () => {
  const { runtime, path } = await broken({})
  const failed = { id: path('b.js'), url: '/b.js', error: { name: 'Error', message: 'syntax' } }
  const unrelated = { ...failed, id: path('c.js') }
  const all = new Set([path('a.js'), path('b.js')])
  await runtime.install([], { seeds: [], failed: [unrelated] })
  await runtime.prepare([path('a.js')], all)
  await runtime.install([], { seeds: [], failed: [failed] })
  await expect(runtime.prepare([path('a.js')], all)).rejects.toThrow('syntax')
})

test('preparing does not mind names of packages, which are seen to when they are loaded', async () => {
  const { change } = await broken({})
  await change('b.js', 'import { anything } from "absent-package"; export const b = anything')
})
