/** Finds out that new code cannot start, before the process that runs the old code is replaced. */
import { type FlatError, flattenError } from '../../shared/errors.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../shared/types.ts'
import type { Feed } from './feed-types.ts'
import type { Records } from './records.ts'

/** The modules that the process which runs now has loaded: the next one is going to load them as well. */
export type Running = Pick<Feed, 'hasWhole' | 'computedBy'>

/**
 * The first failure in the graph behind `entry`, with the `import()`s that `running` has followed, or in one of `others`, which
 * Node may load although Vite does not serve them. `entry` and `others` are URLs. The transforms that this costs are not lost:
 * the next process asks for them.
 */
export async function findFailure(
  records: Promise<Records>,
  entry: string,
  others: readonly string[],
  running?: Running,
): Promise<FlatError | undefined> {
  try {
    const source = await records
    const graph = new Map<ModuleId, ModuleRecord>()
    const take = (record: ModuleRecord) => void graph.set(record.id, record)
    const failureOf = async (url: string): Promise<FlatError | undefined> => {
      const found = await source.fetch(url, undefined, () => undefined, take)
      return 'failed' in found ? found.failed[0]?.error : undefined
    }
    const [failure, ...errors] = await Promise.all([entry, ...others].map(failureOf))
    return (
      failure ??
      errors.find((error) => error && error.code !== 'ERR_MODULE_NOT_FOUND') ??
      (running && (await findDynamic(source, graph, running))?.error)
    )
  } catch (error) {
    return flattenError(error)
  }
}

/** The first failure behind `import()`s of `graph`, which grows by what they load. */
async function findDynamic(
  source: Records,
  graph: Map<ModuleId, ModuleRecord>,
  running: Running,
): Promise<FailedModule | undefined> {
  const computed = new Set(running.computedBy(undefined))
  let recent = [...graph.values()]
  for (let wanted = new Set(computed); ; wanted = new Set()) {
    for (const { id, dynamicDeps } of recent) {
      for (const dep of Object.values(dynamicDeps)) if (running.hasWhole(dep)) wanted.add(dep)
      for (const dep of running.computedBy(id)) {
        wanted.add(dep)
        computed.add(dep)
      }
    }
    const fresh = [...wanted].filter((id) => !graph.has(id))
    if (fresh.length === 0) return undefined
    const { modules, failed } = await source.collect(fresh, (id) => graph.get(id)?.version)
    // the folder that a computed one has read may not have that file any more
    const failure = failed.find(({ id, error }) => error.code !== 'ERR_MODULE_NOT_FOUND' || !computed.has(id))
    if (failure) return failure
    for (const record of modules) graph.set(record.id, record)
    recent = modules
  }
}
