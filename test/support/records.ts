import type { Holds, Records } from '../../src/server/modules/records.ts'
import type { FailedModule, ModuleId, ModuleRecord } from '../../src/shared/types.ts'

/** What `records.fetch` says and all that it gives. Throws if the specifier means an external. */
export async function fetchAll(
  records: Records,
  specifier: string,
  holds: Holds = () => undefined,
): Promise<{ id: ModuleId; url: string; modules: ModuleRecord[]; failed: FailedModule[] }> {
  const modules: ModuleRecord[] = []
  const answer = await records.fetch(specifier, undefined, holds, (record) => modules.push(record))
  if ('external' in answer) throw new Error(`${specifier} is an external`)
  return { ...answer, modules }
}
