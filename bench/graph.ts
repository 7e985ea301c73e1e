/**
 * The module graph of a generated app: a routes module (0) that imports features, features of some 40 modules each that
 * import each other from the top down, and utilities below them. An import always goes to a module with a greater index.
 */
import { createRandom } from './random.ts'

/** Which modules import which, and the ones that are edited. */
export interface Graph {
  /** Module -> the modules it imports. */
  imports: number[][]
  /** Module -> the folder it lies in. */
  folders: string[]
  /** Imports nothing; some 25 modules lie between it and the routes. */
  leaf: number
  /** In the middle of a feature: imports, and is imported by, several modules. */
  mid: number
  /** A utility that 54 % of all modules depend on. */
  shared: number
}

const FEATURE = 40
/** Import edges per module: 4,024 edges for 1,000 modules. */
const EDGES = 4.024
/** The part of all modules that are utilities. */
const UTILITIES = 0.06
/** The part of the edges, beside those that make everything reachable, that stay within a feature. */
const WITHIN_FEATURES = 0.45
/** The part of all modules that depend on the shared utility: 541 of 1,000. */
const SHARED = 0.541

/** A graph of `count` modules (at least 60) and `round(4.024 * count)` edges. */
export function createGraph(count: number, seed = 1): Graph {
  const random = createRandom(seed)
  const within = (from: number, to: number) => from + Math.floor(random() * (to - from))
  const firstUtility = count - Math.round(count * UTILITIES)
  const imports: number[][] = Array.from({ length: count }, () => [])
  const folders: string[] = []
  let edges = 0
  const add = (from: number, to: number): void => {
    if (imports[from]!.includes(to)) return
    imports[from]!.push(to)
    edges++
  }
  const start = (module: number) => 1 + Math.floor((module - 1) / FEATURE) * FEATURE
  const end = (module: number) => Math.min(start(module) + FEATURE, firstUtility)

  folders.push('.')
  for (let module = 1; module < count; module++) {
    const isUtility = module >= firstUtility
    folders.push(isUtility ? 'utilities' : `feature${Math.floor((module - 1) / FEATURE)}`)
    if (isUtility) continue
    // everything is reached: a feature by the routes, its modules by one of those shortly before them
    if (module === start(module)) add(0, module)
    else add(within(Math.max(start(module), module - 8), module), module)
  }
  for (let utility = firstUtility; utility < count; utility++) add(within(1, firstUtility), utility)

  const wanted = Math.round(count * EDGES)
  while (edges < firstUtility + (wanted - firstUtility) * WITHIN_FEATURES) {
    const from = within(1, firstUtility)
    // each feature ends in modules that import nothing of it
    if (from >= end(from) - 6) continue
    add(from, Math.min(from + 1 + within(0, 14), end(from) - 1))
  }
  const shared = firstUtility
  while (ancestors({ imports }, shared).size < count * SHARED) add(within(1, firstUtility), shared)
  while (edges < wanted) {
    // a utility is the likelier to be imported the further down it lies
    const utility = shared + 1 + Math.floor(random() ** 0.3 * (count - shared - 1))
    const from = within(1, firstUtility)
    if (from < end(from) - 6) add(from, utility)
  }
  return { imports, folders, shared, ...pick(imports, firstUtility) }
}

/** Modules that reach `module`, without itself. */
export function ancestors({ imports }: Pick<Graph, 'imports'>, module: number): Set<number> {
  const found = new Set<number>([module])
  for (let each = module - 1; each >= 0; each--) if (imports[each]!.some((to) => found.has(to))) found.add(each)
  found.delete(module)
  return found
}

function pick(imports: number[][], firstUtility: number): Pick<Graph, 'leaf' | 'mid'> {
  const counts = imports.map((_, module) => ancestors({ imports }, module).size)
  const closest = (wanted: number, isFit: (module: number) => boolean): number => {
    const fit = imports.map((_, module) => module).filter(isFit)
    return fit.reduce((best, each) =>
      Math.abs(counts[each]! - wanted) < Math.abs(counts[best]! - wanted) ? each : best,
    )
  }
  return {
    leaf: closest(25, (module) => module < firstUtility && imports[module]!.length === 0),
    mid: closest(8, (module) => module > 0 && module < firstUtility && imports[module]!.length >= 4),
  }
}
