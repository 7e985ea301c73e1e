/**
 * The model of the invariant's test: the modules of an app as data, their text, and what a fresh process makes of them. `freshly`
 * is the oracle: a walk over the same data that the text is written from, which is fast enough to be asked after each of thousands
 * of edits. A test compares it with plain node over the files themselves.
 *
 * A module's value is a pure function of its text and of what it imports, so whatever an update leaves out shows. What a
 * boundary may isolate is never part of a value: an import of a module that accepts itself is there for its effect only, and one that
 * the importer accepts is read through the variable that its callback sets.
 */
import { posix } from 'node:path'

/** The way in which a module takes another. `fold`, `tla` and `again` are folded into its value when it is evaluated, the others are asked later. */
export type Kind =
  | 'fold' // import { v } from
  | 'again' // the same, of what the target exports from elsewhere (`export ... from`, `export *`)
  | 'tla' // await import() at the top level
  | 'accept' // import and hot.accept(dep, callback that takes the new one)
  | 'ns' // import * as, of a module of the same cycle; read when asked
  | 'invalidate' // the same, with a callback that takes the new one and calls hot.invalidate()
  | 'effect' // import './x'
  | 'caught' // import().then(), not awaited
  | 'lazy' // import() in a function that each question calls
  | 'pass' // export { v } from
  | 'star' // export * from
  | 'json' // import data from './x.json'

export interface Import {
  to: number
  kind: Kind
  /** Name that is taken of the target; `v` and the target's number without one. */
  name?: string
  /** With the extension of the file. */
  explicit: boolean
  /** As the text was last written. */
  spec: string
}

export interface Module {
  id: number
  type: 'js' | 'json'
  /** Relative to the project's root; `../linked/...` is a package outside of it. */
  path: string
  /** The text's number: each edit counts. */
  n: number
  imports: Import[]
  /** Further exports, by number. */
  names: number[]
  accepts?: 'self' | 'exports' | undefined
  /** Files of one cycle have the same number. */
  cycle?: number | undefined
  keeps: boolean
  fault?: 'syntax' | 'throw' | undefined
  /** There is no file. */
  absent: boolean
}

export interface World {
  modules: Module[]
}

/** The state of a fresh process. */
export interface Fresh {
  /** Why it cannot run: `link` is found before anything is evaluated, `throw` only then. */
  bad?: 'link' | 'throw'
  /** Modules behind an `import()` whose failure the app catches, and why they cannot run. */
  soft: Map<number, 'link' | 'throw'>
  /** Per module that it has evaluated: what it answers. */
  live: Record<string, Answer>
}

/** The answer of a module. */
export interface Answer {
  v: string
  parts: string[]
}

export const nameOf = (id: number): string => `m${id}`
export const moduleOf = (world: World, id: number): Module => world.modules[id]!
const EXTENSIONS = ['.js', '.ts', '.json', '/index.js', '/index.ts']

/** The specifier with which `from` reaches `to`, where that file is now. */
export function specifier(from: Module, to: Module, explicit: boolean): string {
  if (to.path.startsWith('../linked/') && !from.path.startsWith('../linked/')) return 'linked'
  const path = posix.relative(posix.dirname(from.path), to.path)
  const relative = path.startsWith('.') ? path : `./${path}`
  return explicit || to.type === 'json' ? relative : relative.replace(/(\/index)?\.[jt]s$/, '')
}

/** The module that a specifier means, as Vite resolves it. */
export function resolve(world: World, from: Module, spec: string): Module | undefined {
  const at = (path: string) => world.modules.find((module) => module.path === path && !module.absent)
  if (spec === 'linked') return at('../linked/dist/index.js')
  const path = posix.join(posix.dirname(from.path), spec)
  const exact = at(path)
  if (exact) return exact
  // Vite takes .js for .ts where only that is there, whichever of them the importer is
  const typed = path.endsWith('.js') ? at(path.replace(/\.js$/, '.ts')) : undefined
  return typed ?? EXTENSIONS.map((extension) => at(path + extension)).find(Boolean)
}

/** `true` if an import is part of linking: its failure is the importer's. */
export const isStatic = ({ kind }: Import): boolean => kind !== 'caught' && kind !== 'lazy' && kind !== 'tla'

/** The text of a module, imports spelled as they are in `spec`. */
export function textOf(module: Module): string {
  const { id, n, imports, names, accepts, keeps, fault } = module
  if (module.type === 'json') return fault ? `{ "n": ${n}` : `{ "n": ${n} }\n`
  const head: string[] = ["import { harness } from 'harness'"]
  const folded: string[] = []
  const parts: string[] = []
  if (keeps) head.push("import { keep } from 'vite-tether/keep'")
  imports.forEach(({ to, kind, name = `v${to}`, spec }, i) => {
    const from = `'${spec}'`
    const take = `import { ${name} as a${i}_ } from ${from}\nlet a${i} = a${i}_`
    switch (kind) {
      case 'fold':
      case 'again':
        head.push(`import { ${name} as a${i} } from ${from}`)
        folded.push(`a${i}`)
        break
      case 'json':
        head.push(`import a${i} from ${from}`)
        folded.push(`'d${to}.' + a${i}.n`)
        break
      case 'tla':
        head.push(`const a${i} = (await import(${from})).${name}`)
        folded.push(`a${i}`)
        break
      case 'accept':
        head.push(`${take}\nimport.meta.hot?.accept(${from}, (next) => { if (next) a${i} = next.${name} })`)
        parts.push(`a${i}`)
        break
      case 'ns':
        head.push(`import * as a${i} from ${from}`)
        parts.push(`a${i}.${name}`)
        break
      case 'invalidate':
        head.push(
          `import * as a${i}_ from ${from}\nlet a${i} = a${i}_\n` +
            `import.meta.hot?.accept(${from}, (next) => { if (next) a${i} = next\nimport.meta.hot.invalidate() })`,
        )
        parts.push(`a${i}.${name}`)
        break
      case 'effect':
        head.push(`import ${from}`)
        break
      case 'caught':
        head.push(
          `let a${i}\nconst p${i} = import(${from}).then((m) => { a${i} = m.${name} }, () => { a${i} = 'failed' })`,
        )
        parts.push(`p${i}.then(() => a${i})`)
        break
      case 'lazy':
        parts.push(`import(${from}).then((m) => m.${name}, () => 'failed')`)
        break
      case 'pass':
        head.push(`export { v${to} as r${id}_${to} } from ${from}`)
        break
      case 'star':
        head.push(`export * from ${from}`)
        break
    }
  })
  return [
    ...head,
    ...(fault === 'syntax' ? ['const = 1'] : []),
    ...(fault === 'throw' ? [`throw new Error('thrown by m${id}.${n}')`] : []),
    `export const v${id} = 'm${id}.${n}(' + [${folded.join(', ')}] + ')'`,
    ...names.map((name) => `export const e${id}_${name} = 'e${id}_${name}.${n}'`),
    ...(accepts === 'exports' ? [`export const w${id} = ${n}`] : []),
    ...(keeps ? [`const kept = keep('k${id}', () => harness.made('m${id}'), (value) => harness.unmade(value))`] : []),
    `const me = harness.register({ id: 'm${id}', v: v${id}, kept: ${keeps ? 'kept' : 'undefined'}, parts: () => [${parts.join(', ')}] })`,
    'import.meta.hot?.dispose(() => harness.gone(me))',
    ...(accepts === 'self' ? ['import.meta.hot?.accept()'] : []),
    ...(accepts === 'exports' ? [`import.meta.hot?.acceptExports(['w${id}'], () => {})`] : []),
    '',
  ].join('\n')
}

/** Names that a module exports, those behind `export *` included. */
export function exportsOf(world: World, module: Module, seen = new Set<Module>()): Map<string, Module> {
  const found = new Map<string, Module>()
  if (seen.has(module) || module.type === 'json') return found
  seen.add(module)
  for (const { kind, spec } of module.imports) {
    const target = kind === 'star' ? resolve(world, module, spec) : undefined
    if (target) for (const [name, owner] of exportsOf(world, target, seen)) found.set(name, owner)
  }
  for (const { kind, to } of module.imports) if (kind === 'pass') found.set(`r${module.id}_${to}`, module)
  found.set(`v${module.id}`, module)
  for (const name of module.names) found.set(`e${module.id}_${name}`, module)
  if (module.accepts === 'exports') found.set(`w${module.id}`, module)
  return found
}

/** The answer that a fresh process of the files as they are would give. */
export function freshly(world: World): Fresh {
  const values = new Map<Module, string>()

  const deps = (module: Module) =>
    module.imports.map((each) => ({ ...each, module: resolve(world, module, each.spec) }))

  /** Modules that linking `root` loads, or why it fails. Top-level awaited imports count: the importer fails with them. */
  function load(root: Module): { bad?: 'link' | 'throw'; all: Set<Module> } {
    const all = new Set([root])
    let bad: 'link' | 'throw' | undefined
    for (const module of all) {
      if (module.fault === 'syntax') return { bad: 'link', all }
      if (module.fault === 'throw') bad = 'throw'
      for (const dep of deps(module)) {
        if (!isStatic(dep) && dep.kind !== 'tla') continue
        if (!dep.module) return { bad: 'link', all }
        all.add(dep.module)
        const isNamed = dep.kind === 'fold' || dep.kind === 'again' || dep.kind === 'accept'
        if (isNamed && !exportsOf(world, dep.module).has(dep.name ?? `v${dep.to}`)) return { bad: 'link', all }
      }
    }
    return { ...(bad && { bad }), all }
  }

  function named(module: Module, name: string): string {
    const owner = exportsOf(world, module).get(name)
    if (!owner) return 'undefined'
    if (name[0] === 'e') return `${name}.${owner.n}`
    if (name[0] === 'v') return valueIn(owner)
    const pass = owner.imports.find(({ kind, to }) => kind === 'pass' && name === `r${owner.id}_${to}`)!
    return named(resolve(world, owner, pass.spec)!, `v${pass.to}`)
  }

  function valueIn(module: Module): string {
    const known = values.get(module)
    if (known !== undefined) return known
    const folded = deps(module).flatMap(({ kind, module: target, to, name = `v${to}` }) => {
      if (kind === 'json') return [`d${to}.${target!.n}`]
      return kind === 'fold' || kind === 'again' || kind === 'tla' ? [named(target!, name)] : []
    })
    const value = `m${module.id}.${module.n}(${folded})`
    values.set(module, value)
    return value
  }

  const entry = moduleOf(world, 0)
  const { bad, all } = entry.absent ? { bad: 'link' as const, all: new Set<Module>() } : load(entry)
  const soft: Fresh['soft'] = new Map()
  // what a question loads is asked as well
  for (const module of all) {
    for (const dep of deps(module)) {
      if (dep.kind !== 'caught' && dep.kind !== 'lazy') continue
      const loaded = dep.module && load(dep.module)
      if (!loaded || loaded.bad) soft.set(dep.to, loaded?.bad ?? 'link')
      else for (const each of loaded.all) all.add(each)
    }
  }
  if (bad) return { bad, soft, live: {} }
  const live = [...all]
    .filter(({ type }) => type === 'js')
    .map((module) => {
      const parts = deps(module).flatMap(({ kind, to, module: target, name = `v${to}` }) => {
        if (kind === 'caught' || kind === 'lazy') return [soft.has(to) ? 'failed' : named(target!, name)]
        return kind === 'accept' || kind === 'ns' || kind === 'invalidate' ? [named(target!, name)] : []
      })
      return [nameOf(module.id), { v: valueIn(module), parts }] as const
    })
  return { soft, live: Object.fromEntries(live) }
}

/** All modules that import one of `ids`, at any distance, and those themselves. */
export function dependents(world: World, ids: Iterable<number>): Set<number> {
  const found = new Set(ids)
  for (const id of found)
    for (const module of world.modules) if (module.imports.some(({ to }) => to === id)) found.add(module.id)
  return found
}
