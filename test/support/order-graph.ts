/**
 * Random module graphs whose order of evaluation can be compared with plain Node's. While a graph is made its evaluation is
 * simulated, so that no module says anything of which we know, and accept, that Node says something else:
 *
 * - Top-level await: Node evaluates the siblings of a module that waits, we evaluate one after the other, as Vite does.
 * - What is not initialised: a ReferenceError in Node, undefined here, as Vite exports it. Both are written down as undefined.
 * - What a module has imported or passes on (`export ... from`) before it has come to that import, and functions of a module
 *   that has not begun: Node links all modules before it runs the first, here a binding exists from its import on. Not read.
 * - Names that are missing or ambiguous: Node refuses to link, we throw when the import is reached, or give the first. Names are unique.
 * - The order of a namespace's keys: sorted in Node, that of the code here. Sorted.
 * - After an error Node fails also what had ended, but in a cycle with a module that had not. Not imported afterwards.
 * - `export default function () {}` is hoisted by Node, but not by Vite's transform unless it has a name. It has one.
 * - Two `import()` at the same time: in Node the files decide who is first. One at a time.
 */

import { type Random, seeded } from './flaky.ts'
import type { Step } from './order-drive.ts'

interface Import {
  target: Module
  kind: 'named' | 'namespace' | 'bare' | 'reexport' | 'star'
  /** Of the target; `*` for its namespace. */
  name: string
  as: string
}

interface Module {
  index: number
  file: string
  own: string[]
  imports: Import[]
  later: Module
  throws: boolean
  state: 'new' | 'begun' | 'done' | 'failed'
  /** The number of imports that have been evaluated. */
  passed: number
  body: string[]
}

/** Files of a graph, and what is to be done with them. */
export interface Graph {
  files: Record<string, string>
  steps: Step[]
}

/** The graph of a seed, in a folder. */
export function randomGraph(seed: number, folder: string): Graph {
  const random = seeded(seed)
  const modules = structure(random, folder)
  const steps = simulate(random, modules)
  return { files: Object.fromEntries(modules.map((module) => [module.file, textOf(module)])), steps }
}

const one = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!

function structure(random: Random, folder: string): Module[] {
  const modules = Array.from({ length: 2 + random.below(11) }, (_, index) => ({
    index,
    file: `${folder}/m${index}.js`,
    own: ['v', 'l', 'c', 'K', 'f', 'inc', 'deep', 'later'].map((name) => name + index).concat('default'),
    imports: [],
    throws: random.chance(0.06),
    state: 'new',
    passed: 0,
    body: [],
  })) as unknown as Module[]
  for (const module of modules) {
    module.later = one(random, modules)
    const ahead = modules.slice(module.index + 1)
    for (let count = random.below(5); count > 0; count--) {
      const target = one(random, ahead.length > 0 && random.chance(0.6) ? ahead : modules)
      const kind = random.pick({ named: 5, namespace: 1, bare: 1, reexport: 2, star: 2 })
      module.imports.push({ target, kind, name: kind === 'namespace' ? '*' : '', as: `x${module.imports.length}` })
    }
  }
  // a name can be passed on once it is there
  for (const kind of ['reexport', 'named'] as const) {
    for (const module of modules) {
      for (const each of module.imports.filter((other) => other.kind === kind)) {
        const isWhole = kind === 'reexport' && random.chance(0.2)
        each.name = isWhole ? '*' : one(random, namesOf(each.target))
        if (kind === 'reexport') each.as = `r${module.index}_${module.imports.indexOf(each)}`
      }
    }
  }
  return modules
}

/** All names of a module, `export *` included. */
function namesOf(module: Module, seen = new Set<Module>()): string[] {
  seen.add(module)
  const names = new Set(module.own)
  for (const { kind, as, name, target } of module.imports) {
    if (kind === 'reexport' && name !== '') names.add(as)
    if (kind === 'star' && !seen.has(target))
      for (const behind of namesOf(target, seen)) if (behind !== 'default') names.add(behind)
  }
  return [...names]
}

interface Path {
  owner: Module
  name: string
  hops: [Module, Import][]
}

/** All ways on which a module has a name. */
function pathsOf(module: Module, name: string, hops: [Module, Import][] = [], seen: readonly string[] = []): Path[] {
  if (name === '*' || module.own.includes(name)) return [{ owner: module, name, hops }]
  const key = `${name} of ${module.index}`
  if (seen.includes(key)) return []
  return module.imports.flatMap((each) => {
    const isIt = each.kind === 'reexport' ? each.as === name : each.kind === 'star' && name !== 'default'
    if (!isIt) return []
    return pathsOf(each.target, each.kind === 'star' ? name : each.name, [...hops, [module, each]], [...seen, key])
  })
}

/** The module that an import gives is there by now, in Node and here: on each way of which we may take any. */
function isThere(each: Import): boolean {
  return pathsOf(each.target, each.name).every(
    ({ owner, hops }) =>
      owner.state !== 'new' &&
      // what an `export *` is going to give is known before
      hops.every(([module, hop]) =>
        hop.kind === 'star' ? hop.target.state !== 'new' : module.passed > module.imports.indexOf(hop),
      ),
  )
}

const bindings = ({ imports }: Module): Import[] =>
  imports.filter(({ kind }) => kind === 'named' || kind === 'namespace')

/** Evaluates the modules in mind and writes their bodies on the way. */
function simulate(random: Random, modules: readonly Module[]): Step[] {
  let ran: Module[] = []

  function run(module: Module): boolean {
    if (module.state !== 'new') return module.state !== 'failed'
    module.state = 'begun'
    const isGood = module.imports.every(({ target }) => {
      const goesOn = run(target)
      module.passed++
      return goesOn
    })
    if (isGood) {
      ran.push(module)
      module.body = bodyOf(random, module)
    }
    module.state = isGood && !module.throws ? 'done' : 'failed'
    return module.state === 'done'
  }

  const candidates = (): Module[] => modules.filter((module) => !isSpoilt(module))

  /** One that ran calls `import()`, which takes place afterwards. */
  function alsoImport(): void {
    const targets = candidates()
    if (ran.length === 0 || targets.length === 0 || !random.chance(0.5)) return
    const by = one(random, ran)
    const target = one(random, targets)
    by.body.unshift(`order.later('${by.index}', import('./m${target.index}.js'))`)
    run(target)
  }

  const steps: Step[] = []
  let target = modules[0]!
  for (let count = 1 + random.below(3); count > 0; count--) {
    const users = modules.filter((module) => module.state === 'done' && module.later === target && !isSpoilt(module))
    const by = users.length > 0 && random.chance(0.5) ? one(random, users) : undefined
    steps.push(by ? { file: by.file, later: `later${by.index}` } : { file: target.file })
    ran = []
    run(target)
    alsoImport()
    const targets = candidates()
    if (targets.length === 0) break
    target = one(random, targets)
  }
  for (const module of candidates()) if (module.state === 'done') steps.push({ file: module.file })
  return steps
}

/** It reaches one that has ended in a cycle with one that failed. */
function isSpoilt(module: Module): boolean {
  const all = closureOf(module)
  return [...all].some(
    (each) =>
      each.state === 'done' && [...closureOf(each)].some((dep) => dep.state === 'failed' && closureOf(dep).has(each)),
  )
}

function closureOf(module: Module): Set<Module> {
  const all = new Set([module])
  for (const each of all) for (const { target } of each.imports) all.add(target)
  return all
}

function bodyOf(random: Random, module: Module): string[] {
  const { index: n } = module
  const says = bindings(module)
    .filter(isThere)
    .map((each) => {
      const [path] = pathsOf(each.target, each.name)
      const { owner, name } = path!
      // what it reads must be there, too
      const mayCall =
        /^(?:f|inc)\d/.test(name) ||
        (/^deep/.test(name) && owner.state === 'done' && bindings(owner).every((used) => isThere(used)))
      const isCalled = each.kind === 'named' && mayCall && random.chance(0.8)
      return `order.say('${n}', '${each.as}', () => ${each.as}${isCalled ? '()' : ''})`
    })
  const body = [`order.log.push('${n} begins')`, ...says, ...says.slice(0, 1)]
  const initialised = [`export var v${n} = 'v${n}'`, `export let l${n} = ${n}`, `export const c${n} = 'c${n}'`]
  if (module.throws) initialised.push(`throw new Error('${n} throws')`)
  for (const each of initialised) body.splice(1 + random.below(body.length), 0, each)
  return body
}

function textOf(module: Module): string {
  const { index: n, imports, later, body } = module
  const lines = imports.map(({ target, kind, name, as }) => {
    const from = `from './m${target.index}.js'`
    if (kind === 'named') return `import { ${name} as ${as} } ${from}`
    if (kind === 'namespace') return `import * as ${as} ${from}`
    if (kind === 'bare') return `import './m${target.index}.js'`
    if (kind === 'star') return `export * ${from}`
    return name === '*' ? `export * as ${as} ${from}` : `export { ${name} as ${as} } ${from}`
  })
  const used = bindings(module).map(({ as }) => as)
  return [
    ...lines,
    ...(body.length > 0 ? body : [`export var v${n}; export let l${n}; export const c${n} = 0`]),
    `export class K${n} {}`,
    `export function f${n}() { return ['f${n}', order.show(() => v${n}), order.show(() => c${n}), order.show(() => K${n})] }`,
    `export function inc${n}() { return ++l${n} }`,
    `export function deep${n}() { return [${used.map((as) => `order.show(() => ${as})`)}] }`,
    `export const later${n} = () => import('./m${later.index}.js')`,
    n % 2 ? `export default 'd${n}'` : `export default function d${n}() { return 'd${n}' }`,
    `order.log.push('${n} ends')`,
    '',
  ].join('\n')
}
