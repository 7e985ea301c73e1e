/**
 * Stack traces in source positions. One hook for the process, asked only when a stack is read: until then a map is text.
 */
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import { isDebuggable, mapComment } from './debug-code.ts'
import { watchForInspector } from './inspector.ts'
import type { Paths } from './paths.ts'
import type { StoredModule } from './store.ts'

interface Position {
  file: string
  line: number
  column: number
}

/** How many codes of one module are told apart: the newest, and the previous one, whose functions may still run. */
const MAX_VERSIONS = 2

/** One code of a module, as stack frames refer to it. */
class Script {
  readonly stored: StoredModule
  readonly #paths: Paths
  #text: string | undefined
  #hash: string | undefined
  #map: TraceMap | null | undefined

  constructor(stored: StoredModule, paths: Paths) {
    this.stored = stored
    this.#paths = paths
  }

  /** V8's hash of the script. */
  get hash(): string {
    this.#hash ??= createHash('sha256')
      .update(this.#text ?? this.stored.text)
      .digest('hex')
    return this.#hash
  }

  /** What V8 is to have instead, now that a debugger may come: the same with its source map. `undefined` if it has one. */
  get late(): string | undefined {
    const { map } = this.stored.record
    if (map === null || this.#text !== undefined || isDebuggable(this.stored.text)) return undefined
    return this.stored.text + mapComment(map, (source) => this.#paths.sourceOf(source, this.stored.place.file))
  }

  /** V8 has this text from now on. */
  replaced(text: string): void {
    this.#text = text
    this.#hash = undefined
  }

  /** Lines and columns from 1, as V8 prints them. */
  originalPosition(line: number, column: number): Position | undefined {
    const { map } = this.stored.record
    this.#map ??= map === null ? null : new TraceMap(map)
    // a frame inside the wrapper has a negative column
    if (this.#map === null || column < 1) return undefined
    const found = originalPositionFor(this.#map, { line, column: column - 1 })
    if (found.line === null) return undefined
    const file = this.#paths.sourceOf(found.source, this.stored.place.file)
    return { file, line: found.line, column: found.column + 1 }
  }
}

/** The scripts of one runner. */
export class ScriptTable {
  readonly #scripts = new Map<string, Script[]>()
  readonly #paths: Paths

  constructor(paths: Paths) {
    this.#paths = paths
    installHook()
    tables.add(this)
  }

  /** Makes frames of this code mappable; called at each evaluation. */
  add(stored: StoredModule): void {
    const { script } = stored.place
    const others = this.#scripts.get(script)?.filter((other) => other.stored.record.hash !== stored.record.hash) ?? []
    this.#scripts.set(script, [new Script(stored, this.#paths), ...others.slice(0, MAX_VERSIONS - 1)])
  }

  /** Whether code with this hash was evaluated under this script name. */
  has(name: string, hash: string): boolean {
    return this.get(name).some(({ stored }) => stored.record.hash === hash)
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

type Prepare = (error: Error, sites: NodeJS.CallSite[]) => unknown

const tables = new Set<ScriptTable>()
let isInstalled = false

/** Installs the hook once; a hook that was there before is asked for the text, with sites in source positions. */
function installHook(): void {
  if (isInstalled) return
  isInstalled = true
  watchForInspector((url) => scriptsOf(url.startsWith('file://') ? fileURLToPath(url) : url))
  const previous = (Error.prepareStackTrace as Prepare | undefined) ?? toText
  Error.prepareStackTrace = (error: Error, sites: NodeJS.CallSite[]): unknown =>
    previous.call(Error, error, sites.map(mapSite))
}

/** What V8 does, for versions of Node that have no hook of their own. */
function toText(error: Error, sites: NodeJS.CallSite[]): string {
  return [Error.prototype.toString.call(error), ...sites.map(String)].join('\n    at ')
}

function mapSite(site: NodeJS.CallSite): NodeJS.CallSite {
  const name = site.getFileName()
  if (name === null || name === undefined) return mapEval(site)
  const line = site.getLineNumber()
  const column = site.getColumnNumber()
  const position = line && column ? find(name, line, column, () => site.getScriptHash()) : undefined
  if (!position) return site
  const printed = site.toString().replace(`${name}:${line}:${column}`, () => print(position))
  return override(site, {
    getFileName: () => position.file,
    getScriptNameOrSourceURL: () => position.file,
    getLineNumber: () => position.line,
    getColumnNumber: () => position.column,
    toString: () => printed.replaceAll('__vite_ssr_export_default__', 'default'),
  })
}

/** A frame of `eval` or `new Function` names the place that called it. */
function mapEval(site: NodeJS.CallSite): NodeJS.CallSite {
  const origin = site.isEval() ? site.getEvalOrigin() : undefined
  if (!origin) return site
  const mapped = origin.replace(/\((\/[^()]+|[A-Za-z]:[^()]+):(\d+):(\d+)\)/g, (whole, name, line, column) => {
    const position = find(name, Number(line), Number(column))
    return position ? `(${print(position)})` : whole
  })
  return override(site, {
    getEvalOrigin: () => mapped,
    toString: () => site.toString().replace(origin, () => mapped),
  })
}

function find(name: string, line: number, column: number, hash?: () => string): Position | undefined {
  const candidates = scriptsOf(name)
  // old code keeps running in timers and listeners, so its frames must not be read with the map of the new code
  const isSame = (script: Script): boolean => script.hash === hash?.()
  const script = candidates.length > 1 ? (candidates.find(isSame) ?? candidates[0]) : candidates[0]
  return script?.originalPosition(line, column)
}

function scriptsOf(name: string): Script[] {
  return Array.from(tables, (table) => table.get(name)).flat()
}

function print({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}

/** A call site whose methods are V8's, but for `methods`. */
function override(
  site: NodeJS.CallSite,
  methods: Partial<NodeJS.CallSite> & { toString: () => string },
): NodeJS.CallSite {
  return new Proxy(site, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name)
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
