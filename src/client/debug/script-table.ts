/** The scripts that V8 runs for modules. Finds the code and the source map that a stack frame belongs to. */
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

/** Number of versions of one module that are told apart: functions of old ones may run on in timers and listeners. */
const MAX_VERSIONS = 8

// one array for all scripts without hashes: there are many scripts, and most have none
const NONE: readonly string[] = []

/** One version of a module's code, to which stack frames refer. Nothing is computed before a stack is read. */
export class Script {
  /** The hash of the record, which tells this code from other versions of the module. */
  readonly code: string
  readonly #file: string
  readonly #paths: Paths
  /** The packed map, from when the stored module is let go. */
  #packed: string | null = null
  /** The stored module, until a newer version has come: a reference to old code would keep it in memory. */
  #stored: StoredModule | undefined
  /** V8's hashes of other texts of this code: with a source map added late, or of a retired version. */
  #hashes: readonly string[] = NONE
  #map: TraceMap | undefined

  constructor(stored: StoredModule, paths: Paths) {
    this.code = stored.record.hash
    this.#file = stored.place.file
    this.#paths = paths
    this.#stored = stored
  }

  /** A script for equal code with a newer map: an edit of comments or types moves lines of the source only. */
  renew(stored: StoredModule): Script {
    const renewed = new Script(stored, this.#paths)
    renewed.#hashes = this.#hashes
    return renewed
  }

  /** Lets go of the code, because a newer version of the module has come; keeps its hash. */
  retire(): this {
    if (this.#stored) {
      this.#hashes = [...this.#hashes, hashOf(this.#stored.text)]
      this.#packed = this.#stored.record.map
    }
    this.#stored = undefined
    return this
  }

  /** `true` if V8's script with this hash was compiled from this code. */
  isScript(hash: string): boolean {
    return this.#hashes.includes(hash) || this.#textOf(hash) !== undefined
  }

  /** See `LateScript.late`. */
  late(hash: string): string | undefined {
    const text = this.#textOf(hash)
    const map = this.#mapText
    if (map === null || text === undefined || isDebuggable(text)) return undefined
    return text + mapComment(unpack(map), (source) => this.#paths.sourceOf(source, this.#file))
  }

  /** See `LateScript.replaced`. */
  replaced(text: string): void {
    this.#hashes = [...this.#hashes, hashOf(text)]
  }

  /** The source position of a position in the code; both count from 1, as V8 prints them. */
  originalPosition(line: number, column: number): Position | undefined {
    // the wrapper before the code has negative columns (see `columnOffset` in compile.ts)
    const map = column < 1 ? null : this.#mapText
    if (map === null) return undefined
    this.#map ??= new TraceMap(unpack(map))
    const found = originalPositionFor(this.#map, { line, column: column - 1 })
    if (found.line === null) return undefined
    return { file: this.#paths.sourceOf(found.source, this.#file), line: found.line, column: found.column + 1 }
  }

  /** Asked for when a stack is read: the maps of kept code are in a file. */
  get #mapText(): string | null {
    return this.#stored ? this.#stored.record.map : this.#packed
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

  /** `true` if code with this hash was evaluated under this script name. */
  has(name: string, hash: string): boolean {
    return this.get(name).some(({ code }) => code === hash)
  }

  /** The versions that were evaluated under this script name, newest first. */
  get(name: string): readonly Script[] {
    return this.#scripts.get(name) ?? []
  }

  /** Forgets everything; stack frames are not mapped from now on. */
  close(): void {
    tables.delete(this)
    this.#scripts.clear()
  }
}

const tables = new Set<ScriptTable>()

/** The scripts of all runners of this process under this script name. */
export function scriptsOf(name: string): Script[] {
  return Array.from(tables, (table) => table.get(name)).flat()
}

/** The source of a position in a script of this name. `hash` gets V8's hash of the script; it is called only if versions differ. */
export function findPosition(name: string, line: number, column: number, hash?: () => string): Position | undefined {
  const candidates = scriptsOf(name)
  const [newest] = candidates
  if (candidates.length < 2 || !hash) return newest?.originalPosition(line, column)
  const found = hash()
  // with MAX_VERSIONS candidates, an unknown script may be an older version, which was forgotten: no map fits it
  const script =
    candidates.find((each) => each.isScript(found)) ?? (candidates.length < MAX_VERSIONS ? newest : undefined)
  return script?.originalPosition(line, column)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
