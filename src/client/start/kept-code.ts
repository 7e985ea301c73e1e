/**
 * Reads what the last start has left, if that is proven to be current: Vite may not be there. Any doubt, and there is none: the process waits
 * for the server, as ever.
 */
import { readFileSync } from 'node:fs'
import type { KeptPlace } from '../../shared/handover.ts'
import type { KeptRecord, KeptStart } from '../../shared/kept-start.ts'
import { keptFiles, prove, readProven } from '../../shared/kept-start.ts'
import type { ModuleRecord } from '../../shared/types.ts'
import { digestOf } from '../../shared/util/file-proof.ts'

/** A kept start that is current. */
export interface KeptCode extends Pick<KeptStart, 'config' | 'handover'> {
  /** Their versions are lower than every real one. */
  records: ModuleRecord[]
}

/** Reads one. Throws an error that says why there is none. */
export function readKeptCode({ path, digest }: KeptPlace): KeptCode {
  const { records, texts, config, handover } = readProven(path, digest ?? prove(path))
  const files = keptFiles(path, texts)
  const code = readText(files.code, texts.code)
  if (code === undefined) throw new Error('its code is damaged')
  let maps: string | undefined
  const mapOf = (start: number, length: number): string | null => {
    // a stack without source positions is better than none
    maps ??= readText(files.map, texts.map) ?? ''
    return maps.slice(start, start + length) || null
  }
  return { config, handover, records: [...toRecords(records, code, mapOf)] }
}

function* toRecords(
  records: readonly KeptRecord[],
  text: string,
  mapOf: (start: number, length: number) => string | null,
): Iterable<ModuleRecord> {
  let at = 0
  let mapAt = 0
  for (const { code, map, ...rest } of records) {
    const [start, mapStart] = [at, mapAt]
    at += code
    mapAt += Math.max(map, 0)
    yield {
      ...rest,
      version: 0,
      code: text.slice(start, at),
      // read when a stack is
      get map() {
        return map < 0 ? null : mapOf(mapStart, map)
      },
    }
  }
}

function readText(path: string, digest: string): string | undefined {
  try {
    const content = readFileSync(path)
    return digestOf(content) === digest ? content.toString('utf8') : undefined
  } catch {
    return undefined
  }
}
