/** Which modules an update replaces and where it stops: pure, over the runner's own graph and accept registrations. */
import type { ModuleId } from '../../shared/types.ts'
import type { CacheData } from './cache.ts'
import type { GraphNode } from './hot-runtime.ts'
import { acceptedBy } from './registrations.ts'

/** `accepted` is evaluated again, and `boundary` accepts it: itself, or as one of its dependencies. */
export interface Boundary {
  boundary: ModuleId
  accepted: ModuleId
}

/** The result of propagating a change through the graph. */
export interface Propagation {
  boundaries: Boundary[]
  /** Every instance that is to be replaced: the changed modules and their importers up to the boundaries. */
  replaced: Set<ModuleId>
  /** Modules that the new code does not import any more: they stay until the update has succeeded, and claim nothing meanwhile. */
  leaving?: ReadonlySet<ModuleId> | undefined
  /** From a changed module to the root that nothing accepts for it. */
  chain?: ModuleId[]
}

/** The part of a `HotRuntime` that decides. */
export interface Graph {
  node(id: ModuleId): GraphNode | undefined
}

/**
 * Follows importers from `seeds` up to the modules that accept them. A path ends at a root that accepts nothing, or at a module
 * of `invalidators`: it has been updated in the course of this change already, and asked its importers to handle it.
 */
export function propagate(
  graph: Graph,
  { hotModulesMap }: Pick<CacheData, 'hotModulesMap'>,
  seeds: Iterable<ModuleId>,
  roots: Iterable<ModuleId>,
  invalidators: readonly ModuleId[] = [],
): Propagation {
  const boundaries: Boundary[] = []
  /** Visited module -> the dependency it was reached from. */
  const reached = new Map<ModuleId, ModuleId | undefined>()
  /** Importer -> the modules that left it to decide. */
  const below = new Map<ModuleId, ModuleId[]>()

  // an explicit stack: import chains can be deeper than the call stack
  const stack: [id: ModuleId, from: ModuleId | undefined][] = [...seeds].reverse().map((id) => [id, undefined])
  while (stack.length > 0) {
    const [id, from] = stack.pop()!
    const node = graph.node(id)
    if (!node || reached.has(id)) continue
    reached.set(id, from)
    const names = acceptedNames(id)
    if (names || acceptsItself(id)) boundaries.push({ boundary: id, accepted: id })
    if (acceptsItself(id) || (names && isSubset(node.exportNames(), names))) continue
    for (const importer of [...node.importers].reverse()) {
      if (importer === id) continue
      // one that has been given the new dependency and has asked its importers instead would be asked for ever
      const accepts = !invalidators.includes(importer) && acceptedBy(hotModulesMap.get(importer), id).length > 0
      if (accepts) boundaries.push({ boundary: importer, accepted: id })
      else if (!names || !isSubset(graph.node(importer)?.importedNames(id) ?? '*', names)) {
        below.set(importer, [...(below.get(importer) ?? []), id])
        stack.push([importer, id])
      }
    }
  }

  const replaced = new Set(reached.keys())
  // a boundary that is replaced itself imports the new dependency anyway; its old instance's callbacks have no say
  const effective = boundaries.filter(({ boundary, accepted: dep }) => boundary === dep || !replaced.has(boundary))
  const end = deadEnd()
  return {
    boundaries: effective,
    replaced,
    ...(end !== undefined && { chain: chainTo(end) }),
  }

  function acceptsItself(id: ModuleId): boolean {
    return acceptedBy(hotModulesMap.get(id), id).some((callback) => !callback.exports)
  }

  function acceptedNames(id: ModuleId): ReadonlySet<string> | undefined {
    const lists = acceptedBy(hotModulesMap.get(id), id).flatMap(({ exports }) => (exports ? [exports] : []))
    return lists.length > 0 ? new Set(lists.flat()) : undefined
  }

  /** A root of which no importer knows how to go on. One that some module imports is left to that module, as in Vite. */
  function deadEnd(): ModuleId | undefined {
    const twice = boundaries.find((found) => invalidators.includes(found.accepted))
    if (twice) return twice.accepted
    const handled = new Set(effective.map((found) => found.accepted))
    for (const id of handled) for (const lower of below.get(id) ?? []) handled.add(lower)
    const rootSet = new Set(roots)
    return [...replaced].find((id) => rootSet.has(id) && !handled.has(id))
  }

  function chainTo(end: ModuleId): ModuleId[] {
    const chain: ModuleId[] = []
    for (let id: ModuleId | undefined = end; id !== undefined; id = reached.get(id)) chain.unshift(id)
    return chain
  }
}

function isSubset(names: readonly string[] | '*', of: ReadonlySet<string>): boolean {
  return names !== '*' && names.every((name) => of.has(name))
}
