/** The modules that an app has begun with. */
import type { ModuleId, ModuleRecord } from '../../shared/types.ts'

/** The entry's static graph, and those behind its `import()`s that have been loaded; a reason if a module cannot be kept. */
export function graphOf(
  entry: ModuleId,
  recordOf: (id: ModuleId) => ModuleRecord | undefined,
  obstacleOf: (record: ModuleRecord) => string | undefined,
): ModuleRecord[] | string {
  const graph = new Map<ModuleId, ModuleRecord>()
  const visit = (id: ModuleId): string | undefined => {
    const ids = new Set([id])
    const found: ModuleRecord[] = []
    for (const each of ids) {
      if (graph.has(each)) continue
      const record = recordOf(each)
      const reason = record ? obstacleOf(record) : 'it has no code'
      if (reason !== undefined) return `${each}: ${reason}`
      found.push(record!)
      for (const dep of Object.values(record!.deps)) ids.add(dep)
    }
    for (const record of found) graph.set(record.id, record)
    return undefined
  }
  const reason = visit(entry)
  if (reason !== undefined) return reason
  for (const { dynamicDeps } of graph.values()) {
    // one that is not kept is asked for when it is imported
    for (const dep of Object.values(dynamicDeps)) if (recordOf(dep)) visit(dep)
  }
  return [...graph.values()]
}
