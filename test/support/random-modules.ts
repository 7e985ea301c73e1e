/** Random graphs of modules that tell `globalThis.world` what they see, and random edits of them. Plain data: no files, no server. */
import type { Random } from './flaky.ts'

/** The way in which a module gets another: what it takes, and when. */
export type EdgeKind =
  | 'named'
  | 'other'
  | 'namespace'
  | 'bare'
  | 'reexport'
  | 'star'
  | 'visit'
  | 'late'
  | 'await'
  | 'route'

export interface Edge {
  to: RandomModule
  kind: EdgeKind
}

export interface RandomModule {
  readonly name: string
  /** Its file, which a rename changes. */
  file: string
  /** The number that an edit changes. */
  value: number
  edges: Edge[]
  /** It accepts itself, some of its exports, or nothing. The same for ever: what an edge isolates can be told at any time. */
  readonly accepts: 'self' | 'exports' | undefined
  /** Modules that it accepts wherever it imports them. */
  readonly acceptsDeps: ReadonlySet<string>
  /** Its evaluation takes so many turns of the event loop. */
  readonly turns: number
  state: 'good' | 'syntax' | 'throws' | 'gone'
}

/** The effect of a save on a file, as a watcher tells it. */
export interface FileChange {
  event: 'add' | 'change' | 'unlink'
  file: string
  /** Absent: the file is removed. */
  content?: string
}

/** An edit: its changes reach the server at once, in this order. */
export interface RandomEdit {
  what: string
  changes: FileChange[]
}

const KINDS: Record<EdgeKind, number> = {
  named: 5,
  other: 2,
  namespace: 1,
  bare: 1,
  reexport: 2,
  star: 1,
  visit: 1,
  late: 3,
  await: 2,
  route: 3,
}

const STATIC: ReadonlySet<EdgeKind> = new Set(['named', 'other', 'namespace', 'bare', 'reexport', 'star', 'visit'])

/** A graph whose first module is the entry and reaches all others. */
export function randomModules(random: Random): RandomModule[] {
  const modules: RandomModule[] = Array.from({ length: 4 + random.below(5) }, (_, index) => ({
    name: `m${index}`,
    file: `m${index}.js`,
    value: 1,
    edges: [],
    accepts: (['self', 'exports'] as const)[random.below(index === 0 ? 3 : 6)],
    acceptsDeps: new Set<string>(),
    turns: random.chance(0.25) ? 1 + random.below(3) : 0,
    state: 'good',
  }))
  for (const [index, module] of modules.entries()) {
    if (index > 0) addEdge(random, modules[random.below(index)]!, module)
    for (let count = random.below(3); count > 0; count--) addEdge(random, module, one(random, modules))
    const deps = module.acceptsDeps as Set<string>
    for (const other of modules) if (other !== module && random.chance(0.12)) deps.add(other.name)
  }
  settleAwaits(modules)
  return modules
}

/** All files of a graph that exist. */
export function filesOf(modules: readonly RandomModule[]): Record<string, string> {
  const there = modules.filter(({ state }) => state !== 'gone')
  return Object.fromEntries(there.map((module) => [module.file, codeOf(module)]))
}

/** The modules that a module needs, directly or not, now or later. */
export function reachedFrom(module: RandomModule): Set<RandomModule> {
  const all = new Set([module])
  for (const each of all) for (const { to } of each.edges) all.add(to)
  return all
}

/** Changes the graph, and tells what that changes on disk. */
export function randomEdit(random: Random, modules: RandomModule[]): RandomEdit {
  const { what, changes } = changing(modules, () => edit(random, modules))
  return { what, changes: shuffled(random, changes) }
}

function changing(modules: readonly RandomModule[], change: () => string): RandomEdit {
  const before = modules.map((module) => ({ module, file: module.file, content: contentOf(module) }))
  const what = change()
  settleAwaits(modules)
  const changes: FileChange[] = []
  for (const { module, file, content } of before) {
    const now = contentOf(module)
    const stays = content !== undefined && now !== undefined && file === module.file
    if (stays && content === now) continue
    if (content !== undefined && !stays) changes.push({ event: 'unlink', file })
    if (now !== undefined) changes.push({ event: stays ? 'change' : 'add', file: module.file, content: now })
  }
  return { what, changes }
}

function edit(random: Random, modules: RandomModule[]): string {
  const module = one(random, modules)
  const bad = modules.filter(({ state }) => state !== 'good')
  const mend = bad.length > 0 ? 8 : 0
  switch (random.pick({ value: 6, add: 2, remove: 2, kind: 1, breaks: 3, rename: 1, mend })) {
    case 'value':
      module.value++
      return `value of ${module.name}`
    case 'add': {
      const target = one(random, modules)
      addEdge(random, module, target)
      return `${module.name} imports ${target.name}`
    }
    case 'remove': {
      const index = random.below(module.edges.length)
      const [edge] = module.edges.splice(index, 1)
      return `${module.name} no longer imports ${edge?.to.name}`
    }
    case 'kind': {
      const [edge] = module.edges.splice(random.below(module.edges.length), 1)
      if (edge) addEdge(random, module, edge.to)
      return `${module.name} imports ${edge?.to.name} otherwise`
    }
    case 'rename':
      // whoever runs the app knows the entry by its name
      if (module === modules[0]) return 'nothing'
      module.file = `${module.name}_${module.value}_${random.below(1000)}.js`
      return `${module.name} becomes ${module.file}`
    case 'mend': {
      const mended = one(random, bad)
      mended.state = 'good'
      if (random.chance(0.5)) mended.value++
      return `${mended.name} is mended`
    }
    case 'breaks':
      module.state = random.pick({ syntax: 1, throws: 1, gone: 1 })
      return `${module.name}: ${module.state}`
  }
}

/** Makes all modules good again. */
export function mendAll(modules: RandomModule[]): RandomEdit {
  return changing(modules, () => {
    for (const module of modules) module.state = 'good'
    return 'all are mended'
  })
}

/** `true` if `importer` may go on with an older instance of `dep`, because a boundary lies between them. */
export function isIsolated(importer: RandomModule, { to, kind }: Edge): boolean {
  if (to.accepts === 'self' || importer.acceptsDeps.has(to.name)) return true
  return to.accepts === 'exports' && (kind === 'named' || kind === 'visit' || kind === 'reexport' || kind === 'bare')
}

export function one<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)]!
}

function addEdge(random: Random, module: RandomModule, to: RandomModule): void {
  if (to === module || module.edges.some((edge) => edge.to === to)) return
  module.edges.push({ to, kind: random.pick(KINDS) })
}

/** A top-level await of an `import()` that comes back to its module waits for ever, in Node too: those are not awaited. */
function settleAwaits(modules: readonly RandomModule[]): void {
  for (const module of modules) {
    for (const edge of module.edges) if (edge.kind === 'await' && waits(edge.to).has(module)) edge.kind = 'late'
  }
}

function waits(module: RandomModule): Set<RandomModule> {
  const all = new Set([module])
  for (const each of all) for (const { to, kind } of each.edges) if (STATIC.has(kind) || kind === 'await') all.add(to)
  return all
}

function contentOf(module: RandomModule): string | undefined {
  return module.state === 'gone' ? undefined : codeOf(module)
}

function codeOf({ name, value, edges, accepts, acceptsDeps, turns, state }: RandomModule): string {
  if (state === 'syntax') return `export const it = ${value} +;\n`
  const imports: string[] = []
  const body: string[] = []
  for (const { to, kind } of edges) {
    const from = `'./${to.file}'`
    const n = to.name
    switch (kind) {
      case 'named':
      case 'visit':
        imports.push(`import { it as ${n} } from ${from}`)
        body.push(`world.see(it, '${n}', () => ${n})`)
        if (kind === 'visit') body.push(`world.visit(() => ${n})`)
        break
      case 'other':
        imports.push(`import { other as ${n} } from ${from}`)
        body.push(`world.see(it, '${n}', () => ${n})`)
        break
      case 'namespace':
        imports.push(`import * as ${n} from ${from}`)
        body.push(`world.see(it, '${n}', () => ${n}.it)`)
        break
      case 'bare':
        imports.push(`import ${from}`)
        body.push(`world.see(it, '${n}', () => undefined)`)
        break
      case 'reexport':
        imports.push(`export { it as ${name}_${n} } from ${from}`)
        body.push(`world.see(it, '${n}', () => undefined)`)
        break
      case 'star':
        imports.push(`export * from ${from}`)
        body.push(`world.see(it, '${n}', () => undefined)`)
        break
      case 'late':
        body.push(`world.load(it, '${n}', import(${from}))`)
        break
      case 'await':
        body.push(`await world.load(it, '${n}', import(${from}))`)
        break
      case 'route':
        body.push(`it.routes.set('${n}', () => import(${from}))`)
        break
    }
    if (acceptsDeps.has(n)) body.push(`import.meta.hot?.accept(${from}, (module) => it.told.set('${n}', module))`)
  }
  if (turns > 0) body.push(`await world.turns(${turns})`)
  if (accepts === 'self') body.push('import.meta.hot?.accept()')
  if (accepts === 'exports') body.push(`import.meta.hot?.acceptExports(['it'])`)
  if (state === 'throws') body.push(`throw new Error('${name} throws')`)
  return [
    ...imports,
    'const { world } = globalThis',
    `export const it = world.enter('${name}', ${value}, import.meta.hot)`,
    'export const other = it',
    ...body,
    '',
  ].join('\n')
}

function shuffled<T>(random: Random, from: readonly T[]): T[] {
  const rest = [...from]
  return from.map(() => rest.splice(random.below(rest.length), 1)[0]!)
}
