/**
 * Shows stack traces in source positions: one `Error.prepareStackTrace` for the process, which runs only when a stack is read. A
 * hook that the app or a library sets instead gets call sites in source positions, too.
 */
import { fileURLToPath } from 'node:url'
import { isOwnCode } from '../../shared/util/dist-files.ts'
import { watchForInspector } from './inspector.ts'
import { findPosition, type Position, scriptsOf } from './script-table.ts'

type Prepare = (error: Error, sites: NodeJS.CallSite[]) => unknown

let isInstalled = false
/** A stack is being read by {@link scriptsOnStack}. */
let isRaw = false
/** More than any stack that leads to a server has. */
const DEEP = 200
const raw: Prepare = (_, sites) => sites

/** Installs the hook, once. */
export function installStackHook(): void {
  if (isInstalled) return
  isInstalled = true
  watchForInspector((url) => scriptsOf(url.startsWith('file://') ? fileURLToPath(url) : url))
  const node = (Error.prepareStackTrace as Prepare | undefined) ?? toText
  const ours: Prepare = (error, sites) => node.call(Error, error, withoutOwn(sites.map(mapSite)))
  // hook -> wrapper that maps sites, and back: a library reads the hook (our wrapper), sets its own, later sets the wrapper again,
  // which must not be wrapped a second time
  const wrapped = new WeakMap<Prepare, Prepare>()
  const originals = new WeakMap<Prepare, Prepare>()
  let current = ours

  Object.defineProperty(Error, 'prepareStackTrace', {
    configurable: true,
    enumerable: false,
    get: () => {
      if (isRaw) return raw
      if (current === ours) return ours
      const hook = current
      const known = wrapped.get(hook)
      if (known) return known
      const wrapper: Prepare = (error, sites) => hook.call(Error, error, sites.map(mapSite))
      wrapped.set(hook, wrapper)
      originals.set(wrapper, hook)
      return wrapper
    },
    // setting no function means Node's own behaviour, which ours stands for
    set: (hook: unknown) => {
      current = typeof hook === 'function' ? (originals.get(hook as Prepare) ?? (hook as Prepare)) : ours
    },
  })
}

/** The names of the scripts whose code is being called, the innermost first, callers that await among them. */
export function scriptsOnStack(): string[] {
  const { stackTraceLimit } = Error
  const target: { stack?: unknown } = {}
  isRaw = true
  Error.stackTraceLimit = DEEP
  try {
    Error.captureStackTrace(target, scriptsOnStack)
    const sites = target.stack
    return Array.isArray(sites) ? sites.map((site: NodeJS.CallSite) => site.getFileName() ?? '') : []
  } finally {
    isRaw = false
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Prints a stack as V8 does, for versions of Node that have no hook of their own. */
function toText(error: Error, sites: NodeJS.CallSite[]): string {
  return [Error.prototype.toString.call(error), ...sites.map(String)].join('\n    at ')
}

/**
 * Drops frames of this package below the app's, which say nothing to the reader of a stack. In a stack whose top frame is ours
 * they stay: they tell where an error of this package comes from.
 */
function withoutOwn(sites: NodeJS.CallSite[]): NodeJS.CallSite[] {
  let isOurs = false
  const others = sites.toReversed().filter((site) => {
    // a built-in function has no file and counts as its caller's: `Generator.next`, which we call for a module's body, goes too
    const file = site.getFileName()
    if (file) isOurs = isOwnCode(file)
    return !isOurs
  })
  return others.at(-1) === sites[0] ? others.reverse() : sites
}

const mappedSites = new WeakSet<NodeJS.CallSite>()

function mapSite(site: NodeJS.CallSite): NodeJS.CallSite {
  // a hook may pass the sites that it got to the hook before it, which maps sites as well
  if (mappedSites.has(site)) return site
  const name = site.getFileName()
  if (name === null || name === undefined) return mapEval(site)
  const line = site.getLineNumber()
  const column = site.getColumnNumber()
  const position = line && column ? findPosition(name, line, column, () => site.getScriptHash()) : undefined
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

/** Maps a frame of `eval` or `new Function`, which has no file but names the place that called it. */
function mapEval(site: NodeJS.CallSite): NodeJS.CallSite {
  const origin = site.isEval() ? site.getEvalOrigin() : undefined
  if (!origin) return site
  const mapped = origin.replace(/\((\/[^()]+|[A-Za-z]:[^()]+):(\d+):(\d+)\)/g, (whole, name, line, column) => {
    const position = findPosition(name, Number(line), Number(column))
    return position ? `(${print(position)})` : whole
  })
  return override(site, {
    getEvalOrigin: () => mapped,
    toString: () => site.toString().replace(origin, () => mapped),
  })
}

function print({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}

/** A call site with V8's methods, except for those in `methods`. */
function override(
  site: NodeJS.CallSite,
  methods: Partial<NodeJS.CallSite> & { toString: () => string },
): NodeJS.CallSite {
  const mapped = new Proxy(site, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name)
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  mappedSites.add(mapped)
  return mapped
}
