/** Looks at what a process has begun with, once Vite is there. */
import { type KeptStart, readIndex } from '../../shared/kept-start.ts'
import type { ModuleId } from '../../shared/types.ts'
import { firstDifference, stillTrue } from '../../shared/util/file-proof.ts'

/**
 * `true` if a process that has begun with what lies at `path` would begin differently now: something beside the modules, which are
 * compared by themselves, was saved while Vite was loaded.
 */
export function isOutdated(path: string, now: Pick<KeptStart, 'config'>): boolean {
  try {
    const { proof, records, config } = readIndex(path)
    const modules = new Set(records.map(({ file }) => file))
    const files = proof.files.filter(([file]) => !modules.has(file))
    return JSON.stringify(config) !== JSON.stringify(now.config) || firstDifference({ ...proof, files }) !== undefined
  } catch {
    // another start has written it anew
    return true
  }
}

/** Module -> hash of its code, for each whose source is what it was. Throws if there is no index. */
export function provenCode(path: string): Map<ModuleId, string> {
  const { proof, records } = readIndex(path)
  const sources = new Map(proof.files)
  const isCurrent = (file: string | null) =>
    file !== null && sources.has(file) && stillTrue('files', [file, sources.get(file)!])
  return new Map(records.filter(({ file }) => isCurrent(file)).map(({ id, hash }) => [id, hash]))
}
