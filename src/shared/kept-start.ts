/** The kept start: code and proof that one start leaves for the next. The server writes it, the app's process reads and proves it. */
import { readFileSync } from 'node:fs'
import type { Handover } from './handover.ts'
import type { ModuleRecord, RunnerConfig } from './types.ts'
import { digestOf, type Proof } from './util/file-proof.ts'

/** A module's record without its code and map, which are texts of these lengths in files of their own. */
export interface KeptRecord extends Omit<ModuleRecord, 'code' | 'map' | 'version'> {
  code: number
  /** -1: it has none. */
  map: number
}

/** The index of a kept start, as JSON. */
export interface KeptStart {
  /** Everything that shaped the code, as it must still be, the modules' own files included. */
  proof: Proof
  records: KeptRecord[]
  /** Digests of the texts: a write that was cut off, or a damaged disk. */
  texts: { code: string; map: string }
  config: RunnerConfig
  /** Settings that the process needs before there is a server. */
  handover: Omit<Handover, 'url' | 'secret'>
}

/** The content of an index. */
export function writeIndex(kept: KeptStart): string {
  const json = JSON.stringify(kept)
  return `${digestOf(json)}\n${json}`
}

/** Reads the index at `path`. Throws if there is none, or it is not as it was written. */
export function readIndex(path: string): KeptStart {
  const text = readFileSync(path, 'utf8')
  const end = text.indexOf('\n')
  const json = text.slice(end + 1)
  if (digestOf(json) !== text.slice(0, end)) throw new Error('its index is damaged')
  return JSON.parse(json) as KeptStart
}

/** The files of a kept start. `path` is that of its index; the texts are named by their digest. */
export function keptFiles(path: string, { code, map }: KeptStart['texts']): { code: string; map: string } {
  return { code: `${path}.${code.slice(0, 16)}.code`, map: `${path}.${map.slice(0, 16)}.maps` }
}

/**
 * A line from the app's process to the command. `stale`: what is kept is not current, the process waits for Vite. `need`: it runs,
 * and has something to ask of the server. `ready`: it has executed its entries.
 */
export interface ChildLine {
  say: 'stale' | 'need' | 'ready'
}
