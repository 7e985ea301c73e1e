/** The scripts that V8 runs for modules: which code and which source map the frames of a stack belong to. */
import { createHash } from 'node:crypto'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { unpack } from '../../shared/util/packed-map.ts'
import { isDebuggable, mapComment } from '../code/debug-code.ts'
import type { Paths } from '../code/paths.ts'
import type { StoredModule } from '../code/store.ts'

/** A place in a source, lines and columns from 1. */
export interface Position {
  file: string
  line: number
  column: number
}

/** How many codes of one module are told apart: functions of old ones may run on in timers and listeners. */
const MAX_VERSIONS = 8

// shared: most scripts have none, and there are many
const NONE: readonly string[] = []

/** One code of a module, as stack frames refer to it. Nothing is computed before a stack is read. */
export class Script {
  /** Of the record: what tells this code from other versions of the module. */
  readonly code: string
  readonly #file: string
  readonly #paths: Paths
  readonly #packed: string | null
  /** Until a newer version has come: V8 is not to be kept from forgetting old code. */
  #stored: StoredModule | undefined
  /** Of what V8 has beside that. */
  #hashes: readonly string[] = NONE
  #map: TraceMap | undefined

  constructor(stored: StoredModule, paths: Paths) {
    this.code = stored.record.hash
    this.#file = stored.place.file
    this.#packed = stored.record.map
    this.#paths = paths
    this.#stored = stored
  }

  /** The same code with a newer map: its lines in the source have moved. */
  renew(stored: StoredModule): Script {
    const renewed = new Script(stored, this.#paths)
    renewed.#hashes = this.#hashes
    return renewed
  }

  /** A newer version of the module has come. */
  retire(): this {
    if (this.#stored) this.#hashes = [...this.#hashes, hashOf(this.#stored.text)]
    this.#stored = undefined
    return this
  }

  /** Whether V8 has compiled this code to a script with this hash. */
  isScript(hash: string): boolean {
    return this.#hashes.includes(hash) || this.#textOf(hash) !== undefined
  }

  /** The text that V8 is to have, now that a debugger may come, for a script with this hash; `undefined` if nothing is to be done. */
  late(hash: string): string | undefined {
    const text = this.#textOf(hash)
    if (this.#packed === null || text === undefined || isDebuggable(text)) return undefined
    return text + mapComment(unpack(this.#packed), (source) => this.#paths.sourceOf(source, this.#file))
  }

  /** V8 has this text from now on. */
  replaced(text: string): void {
    this.#hashes = [...this.#hashes, hashOf(text)]
  }

  /** The source of a position in the code, which is as V8 prints it. */
  originalPosition(line: number, column: number): Position | undefined {
    // a frame inside the wrapper has a negative column
    if (this.#packed === null || column < 1) return undefined
    this.#map ??= new TraceMap(unpack(this.#packed))
    const found = originalPositionFor(this.#map, { line, column: column - 1 })
    if (found.line === null) return undefined
    return { file: this.#paths.sourceOf(found.source, this.#file), line: found.line, column: found.column + 1 }
  }

  #textOf(hash: string): string | undefined {
    const text = this.#stored?.text
    return text !== undefined && hashOf(text) === hash ? text : undefined
  }
}

/** The scripts of one runner. */
export class ScriptTable {
  readonly #scripts = new Map<string, Script[]>()
  readonly #paths: Paths

  constructor(paths: Paths) {
    this.#paths = paths
    tables.add(this)
  }

  /** Makes frames of this code mappable; called at each evaluation. */
  add(stored: StoredModule): void {
    const { script: name } = stored.place
    const { hash } = stored.record
    const known = this.get(name)
    const same = known.find(({ code }) => code === hash)
    const others = known.filter((other) => other !== same).map((other) => other.retire())
    const newest = same?.renew(stored) ?? new Script(stored, this.#paths)
    this.#scripts.set(name, [newest, ...others.slice(0, MAX_VERSIONS - 1)])
  }

  /** Whether code with this hash was evaluated under this script name. */
  has(name: string, hash: string): boolean {
    return this.get(name).some(({ code }) => code === hash)
  }

  /** The codes that were evaluated under this script name, newest first. */
  get(name: string): readonly Script[] {
    return this.#scripts.get(name) ?? []
  }

  /** Forgets everything; frames are shown as they are from now on. */
  close(): void {
    tables.delete(this)
    this.#scripts.clear()
  }
}

const tables = new Set<ScriptTable>()

/** What all runners of this process have under this script name. */
export function scriptsOf(name: string): Script[] {
  return Array.from(tables, (table) => table.get(name)).flat()
}

/** The source of a position in a script of this name. `hash` is V8's of that script; it is asked for only where it matters. */
export function findPosition(name: string, line: number, column: number, hash?: () => string): Position | undefined {
  const candidates = scriptsOf(name)
  const [newest] = candidates
  if (candidates.length < 2 || !hash) return newest?.originalPosition(line, column)
  const found = hash()
  // a script of none of them is one that was forgotten: better as it is than by the map of another code
  const script =
    candidates.find((each) => each.isScript(found)) ?? (candidates.length < MAX_VERSIONS ? newest : undefined)
  return script?.originalPosition(line, column)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
