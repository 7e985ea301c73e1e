/**
 * CommonJS files of the app: Node runs them, so Vite is given a stand-in for them, which keeps its graph and its watcher going,
 * and the record of the module carries their own code.
 */
import { readFile } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { DevEnvironment, ResolvedConfig, ViteDevServer } from 'vite'
import { declaredFormat, needsCommonJs, syntaxErrorOf } from '../../shared/util/module-format.ts'
import { pack } from '../../shared/util/packed-map.ts'

/** The JavaScript of a CommonJS file, and the source map, packed, if it was compiled. */
export interface CommonJsFile {
  code: string
  map: string | null
}

/** What this needs of Vite. */
export interface CommonJsTools {
  /** Compiles TypeScript: `transformWithOxc`. */
  compile(code: string, file: string, options?: { target?: string }): Promise<{ code: string; map?: unknown }>
  /** `true` if Vite reads a file itself: `isFileLoadingAllowed`. */
  isAllowed(config: ResolvedConfig, file: string): boolean
}

const JAVASCRIPT = /\.c?js$/
const CODE = /\.(?:[cm]?[jt]s|[jt]sx|json)$/
const TYPESCRIPT = /\.c?ts$/

/** Types of packages, by folder: asked for twice for each module, and as seldom another as somebody saves something. */
const types = new Map<string, string>()

/** Has the types of packages read anew after each change that `watcher` sees, and from now on. */
export function watchPackageTypes(watcher: ViteDevServer['watcher']): void {
  types.clear()
  watcher.on('all', () => types.clear())
}

const environments = new WeakMap<DevEnvironment, Map<string, CommonJsFile>>()

/** The CommonJS files that an environment has loaded, by path with forward slashes. */
export function commonJsOf(environment: DevEnvironment): Map<string, CommonJsFile> {
  let files = environments.get(environment)
  if (!files) {
    files = new Map()
    environments.set(environment, files)
  }
  return files
}

/**
 * For a `load` hook that comes first: the stand-in for a CommonJS file, or code that Vite would not read for `server.fs`, which
 * protects browsers and attached runners (they are checked elsewhere), not files from the app itself. `undefined` for anything else.
 */
export async function loadCommonJs(
  environment: DevEnvironment,
  id: string,
  { compile, isAllowed }: CommonJsTools,
): Promise<string | undefined> {
  if (!isCandidate(id)) return isAllowed(environment.getTopLevelConfig(), id) ? undefined : readCode(id)
  const files = commonJsOf(environment)
  const source = await readFile(id, 'utf8').catch(() => '')
  const file = source === '' ? undefined : await toCommonJs(id, source.replace(/^\uFEFF/, ''), compile)
  if (!file) {
    files.delete(id)
    return source === '' || isAllowed(environment.getTopLevelConfig(), id) ? undefined : source
  }
  files.set(id, file)
  // what code of this environment that runs in Vite's own process gets
  return `import { createRequire } from 'node:module'\nexport default createRequire(import.meta.url)(${JSON.stringify(id)})`
}

/** Whether TypeScript with imports and exports would be compiled to CommonJS, by its extension and its package. */
export function isMeantForCommonJs(file: string): boolean {
  return /\.c?tsx?$/.test(file) && declaredFormat(file, types) !== 'module'
}

/** The source of a file that holds code, if there is one. */
async function readCode(id: string): Promise<string | undefined> {
  if (!isAbsolute(id) || !CODE.test(id)) return undefined
  return readFile(id, 'utf8').catch(() => undefined)
}

function isCandidate(id: string): boolean {
  if (!isAbsolute(id) || id.includes('/node_modules/')) return false
  return (JAVASCRIPT.test(id) || TYPESCRIPT.test(id)) && declaredFormat(id, types) !== 'module'
}

async function toCommonJs(
  id: string,
  source: string,
  compile: CommonJsTools['compile'],
): Promise<CommonJsFile | undefined> {
  if (JAVASCRIPT.test(id)) {
    const error = syntaxErrorOf(source, id)
    if (!error) return id.endsWith('.cjs') || needsCommonJs(source) ? { code: source, map: null } : undefined
    // it may be an ES module; Vite has only that idea, and what it says of a broken CommonJS file is about something else
    if (/\b(?:import|export|await)\b/.test(source)) return undefined
    throw located(error, id)
  }
  // to compile everything that is only a candidate would be to compile most of the app twice
  const isDeclared = id.endsWith('.cts')
  if (!isDeclared && hasModuleSyntax(source)) return undefined
  // what it says of one that is no CommonJS, it says again when Vite asks it
  const result = await (isDeclared ? compile(source, id) : compile(source, id).catch(() => undefined))
  if (!result) return undefined
  const { code, map } = result
  // the compiler keeps a module a module when all its imports were types; an extension says more
  const compiled = isDeclared ? code.replace(/^export \{\};?\s*$/m, '') : code
  return needsCommonJs(compiled) ? { code: compiled, map: map ? pack(JSON.stringify(map)) : null } : undefined
}

/** Imports and exports at the beginning of a line, but for those of CommonJS. Missing some costs time, not correctness. */
function hasModuleSyntax(source: string): boolean {
  return /^(?:import\s*(?:["'{*]|[\w$]+\s*(?:,|from\b))|export\s+(?:default|const|let|var|function|async|class|enum|abstract|[{*]))/m.test(
    source,
  )
}

/** Gives V8's error the place and the frame that Vite's errors have: both stand above the stack. */
function located(error: Error, file: string): Error {
  const [, line, code, marks] = /:(\d+)\n(.*)\n( *\^+)\n/.exec(error.stack ?? '') ?? []
  if (line === undefined) return Object.assign(error, { id: file })
  const loc = { file, line: Number(line), column: marks!.indexOf('^') }
  return Object.assign(error, { id: file, loc, frame: `${line}  |  ${code}\n${' '.repeat(line.length)}  |  ${marks}` })
}
