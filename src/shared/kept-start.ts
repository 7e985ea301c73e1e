/**
 * The kept start: code and proof that one start leaves for the next. The server writes it, the next command proves it while the app's process
 * boots, and that reads it.
 */
import { readFileSync } from 'node:fs'
import type { Handover } from './handover.ts'
import type { ModuleRecord, RunnerConfig } from './types.ts'
import { digestOf, firstDifference, type Proof } from './util/file-proof.ts'

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

/** The content of an index: its digest, and two lines of JSON, as its two readers need one each. */
export function writeIndex({ proof, ...rest }: KeptStart): string {
  const lines = `${JSON.stringify(proof)}\n${JSON.stringify(rest)}`
  return `${digestOf(lines)}\n${lines}`
}

/** Reads the index at `path`. Throws if there is none, it is not as it was written, or not the one with this digest. */
export function readIndex(path: string, proven?: string): KeptStart {
  const { digest, proof, rest } = readLines(path)
  if (proven !== undefined && digest !== proven) throw new Error('its index is another one')
  return { ...(JSON.parse(rest) as Omit<KeptStart, 'proof'>), proof: JSON.parse(proof) as Proof }
}

/** Reads it without its proof, if it is the one with this digest. Throws if not: another start may have written it anew. */
export function readProven(path: string, proven: string): Omit<KeptStart, 'proof'> {
  const { digest, rest } = readLines(path)
  if (digest !== proven) throw new Error('its index is another one')
  return JSON.parse(rest) as Omit<KeptStart, 'proof'>
}

/** Proves that what is kept is current. Returns the digest of its index; throws an error that says why it is not. */
export function prove(path: string): string {
  const { digest, proof } = readLines(path)
  const different = firstDifference(JSON.parse(proof) as Proof)
  if (different !== undefined) throw new Error(`${different} is not what it was`)
  return digest
}

function readLines(path: string): { digest: string; proof: string; rest: string } {
  const text = readFileSync(path, 'utf8')
  const end = text.indexOf('\n')
  const digest = text.slice(0, end)
  const lines = text.slice(end + 1)
  if (digestOf(lines) !== digest) throw new Error('its index is damaged')
  const middle = lines.indexOf('\n')
  return { digest, proof: lines.slice(0, middle), rest: lines.slice(middle + 1) }
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
