/** Random apps and random edits for the test of the invariant. */
import type { Random } from './flaky.ts'
import {
  type App,
  addImport,
  applyEdit,
  type Edit,
  FEATURES,
  type NewImport,
  type Place,
  type Step,
  spell,
} from './invariant-edits.ts'
import { exportsOf, freshly, type Kind, type Module, moduleOf, specifier, type World } from './invariant-model.ts'

const one = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!
const maybe = (random: Random, is: boolean, p: number): boolean => random.chance(p) && is

/** A random app; `m0` is its entry. */
export function randomApp(random: Random, place: Place): App {
  const count = 4 + random.below(5)
  const cycleAt = maybe(random, FEATURES.cycles, 0.5) ? 1 + random.below(2) : 0
  const cycleSize = 2 + random.below(2)
  const linked = maybe(random, FEATURES.linked && count > 5, 0.35)
  const modules = Array.from({ length: count + 1 }, (_, id): Module => {
    const isJson = id === count
    const isLinked = linked && !isJson && id >= count - 2
    const inCycle = cycleAt > 0 && id >= cycleAt && id < cycleAt + cycleSize && !isLinked
    const name = random.chance(0.15) ? `m${id}/index` : `m${id}`
    const src = `src/${name}.${id > 0 && random.chance(0.35) ? 'ts' : 'js'}`
    const accepts =
      id === 0
        ? random.pick({ self: 5, none: 4 })
        : inCycle || isJson
          ? 'none'
          : random.pick({ none: 8, self: FEATURES.accepts ? 1 : 0, exports: FEATURES.acceptExports ? 1 : 0 })
    return {
      id,
      type: isJson ? 'json' : 'js',
      path: isJson
        ? `src/d${id}.json`
        : isLinked
          ? `../linked/dist/${id === count - 2 ? 'index' : 'inner'}.js`
          : id === 0
            ? 'src/m0.js'
            : src,
      n: 1,
      imports: [],
      names: isJson || random.chance(0.5) ? [] : [0],
      accepts: accepts === 'none' ? undefined : (accepts as 'self' | 'exports'),
      cycle: inCycle ? 1 : undefined,
      keeps: maybe(random, FEATURES.keep && !isJson && place.supervised, 0.2),
      absent: false,
    }
  })
  const world: World = { modules }
  for (const module of modules) {
    if (module.type === 'json') continue
    const wanted = module.id === 0 ? 2 + random.below(2) : random.below(3)
    for (let i = 0; i < wanted; i++) addImport(world, module, randomImport(random, world, module))
  }
  // the ring of the cycle, and the way in
  const ring = modules.filter(({ cycle }) => cycle)
  ring.forEach((module, i) => {
    const isInvalidating = i > 0 && maybe(random, FEATURES.invalidate, 0.3)
    const kind = isInvalidating ? 'invalidate' : 'ns'
    addImport(world, module, { to: ring[(i + 1) % ring.length]!.id, kind, explicit: random.chance(0.5) })
  })
  if (ring.length > 0)
    addImport(world, modules[0]!, {
      to: ring[0]!.id,
      kind: FEATURES.acceptDeps && random.chance(0.6) ? 'accept' : 'fold',
      explicit: random.chance(0.5),
    })
  // a route that is loaded late, with modules of its own
  const routes = modules.filter(({ id, imports, accepts }) => id > 0 && imports.length > 1 && accepts !== 'self')
  if (routes.length > 0 && maybe(random, FEATURES.caught, 0.4)) {
    addImport(world, modules[0]!, { to: one(random, routes).id, kind: 'caught', explicit: random.chance(0.5) })
  }
  for (const module of modules) {
    const isUnused = module.id > 0 && !modules.some(({ imports }) => imports.some(({ to }) => to === module.id))
    // half of those that nobody imports do not exist yet
    if (isUnused && module.type === 'js' && !module.path.startsWith('..') && random.chance(0.5)) module.absent = true
  }
  // or somebody imports it before it exists
  const early = modules.filter(({ id, path }) => id > 0 && !path.startsWith('..'))
  if (FEATURES.imports && FEATURES.deletes && random.chance(0.1)) one(random, early).absent = true
  for (const module of modules) spell(world, module)
  const candidates = modules
    .filter(({ id, type, path }) => id > 0 && type === 'js' && !path.startsWith('..'))
    .map(({ id }) => id)
  const hmr = !maybe(random, FEATURES.hmrOff && place.supervised && !place.attached, 0.15)
  const mutes = hmr && place.supervised && !place.attached
  return {
    world,
    filters: maybe(random, FEATURES.filters && mutes, 0.15) ? [one(random, candidates)] : [],
    invalidates: maybe(random, FEATURES.invalidates && mutes, 0.1) ? [one(random, candidates)] : [],
    hmr,
  }
}

/** An import that keeps values unambiguous: upwards only, and of a module that accepts itself only for its effect. */
function randomImport(random: Random, world: World, from: Module): NewImport | undefined {
  const { modules } = world
  const isLinked = from.path.startsWith('..')
  const last = Math.max(from.id, ...(from.cycle ? modules.filter(({ cycle }) => cycle).map(({ id }) => id) : []))
  const targets = modules.filter(({ id, path }) => {
    if (id <= last) return false
    return isLinked ? path.startsWith('../') : !path.startsWith('../') || path.endsWith('index.js')
  })
  if (targets.length === 0) return undefined
  const target = one(random, targets)
  const explicit = random.chance(0.5)
  const to = target.id
  if (target.type === 'json') return FEATURES.json ? { to, kind: 'json', explicit } : undefined
  if (target.accepts === 'self') return { to, kind: 'effect', explicit }
  const kind = random.pick<Kind>({
    fold: 6,
    tla: FEATURES.tla ? 2 : 0,
    accept: FEATURES.acceptDeps && target.accepts === undefined ? 2 : 0,
    caught: FEATURES.caught ? 2 : 0,
    lazy: FEATURES.lazy ? 2 : 0,
    effect: 1,
    pass: FEATURES.passes ? 2 : 0,
    star: FEATURES.passes ? 1 : 0,
    again: FEATURES.passes ? 2 : 0,
    ns: 0,
    invalidate: 0,
    json: 0,
  })
  if (kind === 'again') {
    const names = [...exportsOf(world, target)].filter(
      // what acceptExports() accepts is isolated
      ([name, owner]) => name[0] !== 'w' && (owner !== target || name[0] !== 'v'),
    )
    return names.length > 0 ? { to, kind, name: one(random, names)[0], explicit } : { to, kind: 'fold', explicit }
  }
  return { to, kind, explicit }
}

/** A random step for the world as it is. */
export function randomStep(random: Random, app: App, place: Place): Step {
  const { world } = app
  const fresh = freshly(world)
  const isBad = fresh.bad !== undefined || fresh.soft.size > 0
  const edits: Edit[] = []
  const repair = isBad && random.chance(0.6) ? repairOf(random, world) : undefined
  if (repair) edits.push(repair)
  else {
    const count = maybe(random, FEATURES.bursts, 0.15) ? 2 + random.below(3) : 1
    for (let i = 0; i < count; i++) {
      const edit = randomEdit(random, app, place)
      if (edit) edits.push(edit)
      if (edit?.op === 'config' && maybe(random, FEATURES.configBursts, 0.3)) {
        edits.push({
          op: 'value',
          id: one(
            random,
            world.modules.filter(({ absent }) => !absent),
          ).id,
        })
      }
      if (!edit || !('id' in edit)) break
    }
  }
  return {
    edits,
    atomic: random.chance(0.3),
    rush: maybe(random, FEATURES.rush, 0.1) && edits.every((edit) => 'id' in edit),
    // one that is there already has to hear of what nobody is told
    standby: random.chance(0.3) || edits.some((edit) => 'id' in edit && mutedOf(app).includes(edit.id)),
  }
}

const mutedOf = ({ filters, invalidates }: App): number[] => [...filters, ...invalidates]

function repairOf(random: Random, world: World): Edit | undefined {
  const { modules } = world
  const candidates: Edit[] = []
  for (const module of modules) {
    const { id } = module
    if (module.absent && modules.some(({ imports }) => imports.some(({ to }) => to === id)))
      candidates.push({ op: 'return', id })
    if (module.absent && id === 0) return { op: 'return', id }
    if (module.absent) continue
    if (module.fault) candidates.push({ op: 'heal', id })
    for (const each of module.imports) {
      const target = moduleOf(world, each.to)
      // written again it is spelled as the files are now
      if (each.spec !== specifier(module, target, each.explicit)) candidates.push({ op: 'value', id })
      const missing = each.name?.[0] === 'e' && each.name.match(/^e(\d+)_(\d+)$/)
      if (missing) candidates.push({ op: 'export', id: Number(missing[1]), name: Number(missing[2]) })
      else if (each.name && !exportsOf(world, target).has(each.name))
        candidates.push({ op: 'unimport', id, to: each.to })
    }
  }
  const useful = candidates.filter((edit) => {
    const copy = structuredClone(world)
    return applyEdit(copy, edit) !== undefined
  })
  return useful.length > 0 ? one(random, useful) : undefined
}

function randomEdit(random: Random, app: App, place: Place): Edit | undefined {
  const { world } = app
  const js = world.modules.filter(({ type, absent }) => type === 'js' && !absent)
  const present = world.modules.filter(({ absent }) => !absent)
  const module = one(random, present)
  const { id } = module
  const muted = mutedOf(app).filter((each) => !moduleOf(world, each).absent)
  if (muted.length > 0 && random.chance(0.3)) return { op: 'value', id: one(random, muted) }
  if (muted.length > 0 && random.chance(0.3)) return { op: 'restart' }
  switch (
    random.pick({
      value: 10,
      fault: 3,
      import: FEATURES.imports ? 3 : 0,
      unimport: FEATURES.imports ? 1.5 : 0,
      export: FEATURES.exports ? 2 : 0,
      move: FEATURES.renames ? 1.5 : 0,
      delete: FEATURES.deletes ? 1.5 : 0,
      return: FEATURES.deletes ? 2 : 0,
      config: FEATURES.config && place.supervised ? 0.5 : 0,
      crash: FEATURES.crashes && place.supervised ? 0.5 : 0,
      restart: FEATURES.restarts && place.supervised ? 0.7 : 0,
    })
  ) {
    case 'fault': {
      const kinds = [...(FEATURES.syntax ? ['syntax' as const] : []), ...(FEATURES.throws ? ['throw' as const] : [])]
      if (kinds.length === 0 || module.fault) return { op: 'value', id }
      return { op: 'fault', id, fault: module.type === 'json' ? 'syntax' : one(random, kinds) }
    }
    case 'import': {
      const from = one(random, js)
      const each = randomImport(random, world, from)
      return each && !from.imports.some(({ to }) => to === each.to)
        ? { op: 'import', id: from.id, ...each }
        : { op: 'value', id }
    }
    case 'unimport': {
      const from = one(random, js)
      const removable = from.imports.filter(({ kind }) => kind !== 'ns' && kind !== 'invalidate')
      return removable.length > 0 ? { op: 'unimport', id: from.id, to: one(random, removable).to } : { op: 'value', id }
    }
    case 'export': {
      const from = one(random, js)
      const name = random.below(2)
      return { op: from.names.includes(name) ? 'unexport' : 'export', id: from.id, name }
    }
    case 'move': {
      if (module.type === 'json' || id === 0 || module.path.startsWith('..')) return { op: 'value', id }
      const paths = [`src/m${id}.js`, `src/m${id}.ts`, `src/m${id}/index.js`, `src/m${id}/index.ts`].filter(
        (path) => path !== module.path,
      )
      return { op: 'move', id, path: one(random, paths) }
    }
    case 'delete':
      return id === 0 ? { op: 'value', id } : { op: 'delete', id }
    case 'return': {
      const absent = world.modules.filter((each) => each.absent)
      return absent.length > 0 ? { op: 'return', id: one(random, absent).id } : { op: 'value', id }
    }
    case 'config':
      return { op: 'config' }
    case 'crash':
      return { op: 'crash', how: one(random, ['exit', 'throw', 'reject'] as const) }
    case 'restart':
      return { op: 'restart' }
    default:
      return { op: 'value', id }
  }
}
