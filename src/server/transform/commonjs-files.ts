/**
 * CommonJS files of the app, which Node runs. Vite gets a stand-in for such a file, so that its graph and its watcher know the
 * module; the record for the runner carries the file's own code.
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

/** The functions of Vite that are used here. */
export interface CommonJsTools {
  /** Compiles TypeScript: `transformWithOxc`. */
  compile(code: string, file: string, options?: { target?: string }): Promise<{ code: string; map?: unknown }>
  /** `true` if Vite reads a file itself: `isFileLoadingAllowed`. */
  isAllowed(config: ResolvedConfig, file: string): boolean
}

const JAVASCRIPT = /\.c?js$/
const CODE = /\.(?:[cm]?[jt]s|[jt]sx|json)$/
const TYPESCRIPT = /\.c?ts$/

/** Types of packages, by folder. A cache: two questions for each module, and only a save can change the answer. */
const types = new Map<string, string>()

/** Forgets the types of packages now, and after each change that `watcher` sees. */
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
 * For a `load` hook that runs before Vite's: the stand-in for a CommonJS file, or the code of a file outside of `server.fs.allow`,
 * which Vite would refuse. That option protects files from browsers and attached runners (see `access`), not from the app itself.
 * `undefined` for all other modules.
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
  // the stand-in; it works, too, for code of this environment that runs in Vite's own process
  return `import { createRequire } from 'node:module'\nexport default createRequire(import.meta.url)(${JSON.stringify(id)})`
}

/** `true` if a TypeScript file with imports and exports would be compiled to CommonJS, by its extension and its package. */
export function isMeantForCommonJs(file: string): boolean {
  return /\.c?tsx?$/.test(file) && declaredFormat(file, types) !== 'module'
}

/** The source of a file with code or JSON, `undefined` for any other id. */
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
    // With such a word the file may be an ES module, and Vite reports its errors. Without, V8's error is the right one: Vite would
    // parse broken CommonJS as an ES module and complain about something else.
    if (/\b(?:import|export|await)\b/.test(source)) return undefined
    throw located(error, id)
  }
  // without this, most TypeScript of the app would be compiled twice: here and by Vite
  const isDeclared = id.endsWith('.cts')
  if (!isDeclared && hasModuleSyntax(source)) return undefined
  // an error of a file that may be no CommonJS is not thrown here: Vite compiles the file next and reports it
  const result = await (isDeclared ? compile(source, id) : compile(source, id).catch(() => undefined))
  if (!result) return undefined
  const { code, map } = result
  // a file whose imports are all types ends with `export {}`, by which the compiler marks a module; the extension .cts says otherwise
  const compiled = isDeclared ? code.replace(/^export \{\};?\s*$/m, '') : code
  return needsCommonJs(compiled) ? { code: compiled, map: map ? pack(JSON.stringify(map)) : null } : undefined
}

/** `true` if a line begins with an import or export of ES modules. One that is not found costs a second compile, nothing else. */
function hasModuleSyntax(source: string): boolean {
  return /^(?:import\s*(?:["'{*]|[\w$]+\s*(?:,|from\b))|export\s+(?:default|const|let|var|function|async|class|enum|abstract|[{*]))/m.test(
    source,
  )
}

/** Gives V8's SyntaxError the place and frame that Vite's errors have. V8 prints both at the top of the stack. */
function located(error: Error, file: string): Error {
  const [, line, code, marks] = /:(\d+)\n(.*)\n( *\^+)\n/.exec(error.stack ?? '') ?? []
  if (line === undefined) return Object.assign(error, { id: file })
  const loc = { file, line: Number(line), column: marks!.indexOf('^') }
  return Object.assign(error, { id: file, loc, frame: `${line}  |  ${code}\n${' '.repeat(line.length)}  |  ${marks}` })
}
