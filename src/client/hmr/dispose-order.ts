/** The order of a set of instances by the runner's own graph. */
import type { ModuleId } from '../../shared/types.ts'
import type { Graph } from './propagate.ts'

/** Importers before what they import; within a cycle in the order they are reached. */
export function dependentsFirst(graph: Graph, ids: Iterable<ModuleId>): ModuleId[] {
  const within = new Set(ids)
  const seen = new Set<ModuleId>()
  const dependenciesFirst: ModuleId[] = []
  for (const start of within) {
    // iterative: import chains can be deeper than the call stack
    const stack: { id: ModuleId; imports: Iterator<ModuleId> }[] = []
    const enter = (id: ModuleId) => {
      if (!within.has(id) || seen.has(id)) return
      seen.add(id)
      stack.push({ id, imports: (graph.node(id)?.imports ?? new Set<ModuleId>()).values() })
    }
    enter(start)
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.imports.next()
      if (!next.done) enter(next.value)
      else dependenciesFirst.push(stack.pop()!.id)
    }
  }
  return dependenciesFirst.reverse()
}
